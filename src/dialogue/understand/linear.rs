//! A linear classifier, one against the rest: L2-regularised squared-hinge SVM by dual coordinate descent
//! (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008).
//! Never random: the order of the examples comes from a fixed seed, so the same pack gives the same model.

use super::features::Vector;

/// The price of a training error.
const C: f32 = 4.0;
const PASSES: usize = 60;
/// Training has converged when no gradient is larger.
const TOLERANCE: f32 = 0.05;

/// One weight a position and class.
#[derive(Debug)]
pub(super) struct Linear {
    classes: usize,
    /// Row by position: `weights[position * classes + class]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    /// Trains on vectors of `size` positions, each with its class.
    pub(super) fn train(examples: &[Vector], labels: &[usize], size: usize) -> Self {
        let classes = labels.iter().max().map_or(0, |last| last + 1);
        let mut model = Self { classes, weights: vec![0.0; size * classes], bias: vec![0.0; classes] };
        for class in 0..classes {
            let signs: Vec<f32> = labels.iter().map(|l| if *l == class { 1.0 } else { -1.0 }).collect();
            let (weights, bias) = separate(examples, &signs, size, class as u64);
            for (position, weight) in weights.into_iter().enumerate() {
                model.weights[position * classes + class] = weight;
            }
            model.bias[class] = bias;
        }
        model
    }

    /// The margin of every class: above 0 speaks for it.
    pub(super) fn scores(&self, vector: &Vector) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for (position, value) in vector {
            let row = *position as usize * self.classes;
            let weights = &self.weights[row..row + self.classes];
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += value * weight);
        }
        scores
    }
}

/// The plane between the examples with sign 1 and those with sign -1.
fn separate(examples: &[Vector], signs: &[f32], size: usize, seed: u64) -> (Vec<f32>, f32) {
    let diagonal = 0.5 / C;
    let curvature: Vec<f32> = examples.iter().map(|x| x.iter().map(|(_, v)| v * v).sum::<f32>() + 1.0 + diagonal).collect();
    let (mut weights, mut bias) = (vec![0.0; size], 0.0);
    let mut duals = vec![0.0f32; examples.len()];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = seed.wrapping_mul(7919) | 1;
    for _ in 0..PASSES {
        shuffle(&mut order, &mut random);
        let mut worst = 0.0f32;
        for &i in &order {
            let margin = examples[i].iter().fold(bias, |sum, (p, v)| sum + weights[*p as usize] * v);
            let gradient = margin * signs[i] - 1.0 + duals[i] * diagonal;
            if duals[i] == 0.0 && gradient > 0.0 {
                continue;
            }
            worst = worst.max(gradient.abs());
            let updated = (duals[i] - gradient / curvature[i]).max(0.0);
            let step = (updated - duals[i]) * signs[i];
            duals[i] = updated;
            examples[i].iter().for_each(|(p, v)| weights[*p as usize] += step * v);
            bias += step;
        }
        if worst < TOLERANCE {
            break;
        }
    }
    (weights, bias)
}

/// Fisher-Yates with an xorshift generator.
fn shuffle(order: &mut [usize], random: &mut u64) {
    for i in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(i, (*random % (i as u64 + 1)) as usize);
    }
}
