//! A linear classifier, one class against the rest: L2-regularised squared-hinge SVM by dual coordinate descent
//! (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008, algorithm 3).
//! Never random: the order of the examples comes from the class's number, so the same phrases give the same model.

use super::bytes::{Corrupt, Reader, Writer};
use super::features::{POSITIONS, Vector};

/// More rounds than this are never needed; it bounds the time of a hopeless set.
const MOST_ROUNDS: usize = 200;
/// Training is over when the gradients are spread no wider.
const TOLERANCE: f32 = 0.1;
/// A gradient below it moves nothing.
const NOTHING: f32 = 1e-12;

/// Examples one behind the other in memory: every class reads all of them, many times.
#[derive(Debug)]
pub(super) struct Examples {
    ends: Vec<usize>,
    positions: Vec<u16>,
    values: Vec<f32>,
}

/// One class against all others: a weight a position in 255 steps, and the bias.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    weights: Vec<i8>,
    scale: f32,
    bias: f32,
}

/// All classes: what is a row in a [`Plane`] is a column here, so that an n-gram reads one stretch of memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// `weights[position * classes + class]`.
    weights: Vec<i8>,
    scales: Vec<f32>,
    biases: Vec<f32>,
}

impl Examples {
    pub(super) fn new(vectors: impl Iterator<Item = Vector>) -> Self {
        let mut all = Self { ends: Vec::new(), positions: Vec::new(), values: Vec::new() };
        for vector in vectors {
            all.positions.extend(vector.iter().map(|(position, _)| position));
            all.values.extend(vector.iter().map(|(_, value)| value));
            all.ends.push(all.values.len());
        }
        all
    }

    const fn len(&self) -> usize {
        self.ends.len()
    }

    fn example(&self, i: usize) -> (&[u16], &[f32]) {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        (&self.positions[start..self.ends[i]], &self.values[start..self.ends[i]])
    }

    /// The plane between the examples `inside` and all others. `prices` are those of a training error outside and inside.
    pub(super) fn separate(&self, inside: impl Fn(usize) -> bool, prices: [f32; 2], seed: u64) -> Plane {
        Descent::new(self, (0..self.len()).map(inside), prices).run(seed).into_plane()
    }
}

/// A plane being found.
struct Descent<'a> {
    examples: &'a Examples,
    /// 1 inside, -1 outside.
    signs: Vec<f32>,
    /// The second derivative along each dual.
    curvatures: Vec<f32>,
    duals: Vec<f32>,
    /// What each dual adds to its own gradient: half the inverse price of an error on its side.
    diagonals: Vec<f32>,
    weights: Vec<f32>,
    bias: f32,
}

impl<'a> Descent<'a> {
    fn new(examples: &'a Examples, inside: impl Iterator<Item = bool>, prices: [f32; 2]) -> Self {
        let (diagonals, signs): (Vec<f32>, Vec<f32>) =
            inside.map(|inside| if inside { (0.5 / prices[1], 1.0) } else { (0.5 / prices[0], -1.0) }).unzip();
        let square = |i| examples.example(i).1.iter().map(|v| v * v).sum::<f32>();
        Self {
            examples,
            signs,
            curvatures: (0..examples.len()).map(|i| square(i) + 1.0 + diagonals[i]).collect(),
            duals: vec![0.0; examples.len()],
            diagonals,
            weights: vec![0.0; POSITIONS],
            bias: 0.0,
        }
    }

    /// Rounds over the examples that still matter, in an order that is shuffled each time. An example that lies far on its
    /// own side is left out until the rest has settled; then all are looked at once more.
    fn run(mut self, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let mut active = order.len();
        let mut random = seed.wrapping_mul(7919) | 1;
        let mut bound = f32::INFINITY;
        for _ in 0..MOST_ROUNDS {
            shuffle(&mut order[..active], &mut random);
            let (mut largest, mut smallest) = (f32::NEG_INFINITY, f32::INFINITY);
            let mut at = 0;
            while at < active {
                let i = order[at];
                let gradient = self.gradient(i);
                let at_bound = self.duals[i] == 0.0;
                if at_bound && gradient > bound {
                    active -= 1;
                    order.swap(at, active);
                    continue;
                }
                let projected = if at_bound { gradient.min(0.0) } else { gradient };
                largest = largest.max(projected);
                smallest = smallest.min(projected);
                if projected.abs() > NOTHING {
                    self.step(i, gradient);
                }
                at += 1;
            }
            let settled = largest - smallest <= TOLERANCE;
            if settled && active == order.len() {
                break;
            }
            bound = if settled || largest <= 0.0 { f32::INFINITY } else { largest };
            active = if settled { order.len() } else { active };
        }
        self
    }

    fn gradient(&self, i: usize) -> f32 {
        let (positions, values) = self.examples.example(i);
        let margin = positions.iter().zip(values).fold(self.bias, |sum, (p, v)| sum + self.weights[*p as usize] * v);
        margin * self.signs[i] - 1.0 + self.duals[i] * self.diagonals[i]
    }

    fn step(&mut self, i: usize, gradient: f32) {
        let before = self.duals[i];
        self.duals[i] = (before - gradient / self.curvatures[i]).max(0.0);
        let step = (self.duals[i] - before) * self.signs[i];
        let (positions, values) = self.examples.example(i);
        positions.iter().zip(values).for_each(|(p, v)| self.weights[*p as usize] += step * v);
        self.bias += step;
    }

    fn into_plane(self) -> Plane {
        let largest = self.weights.iter().fold(f32::EPSILON, |largest, w| largest.max(w.abs()));
        let scale = largest / f32::from(i8::MAX);
        Plane { weights: self.weights.iter().map(|w| (w / scale).round() as i8).collect(), scale, bias: self.bias }
    }
}

impl Linear {
    pub(super) fn new(planes: &[Plane]) -> Self {
        let mut weights = vec![0; POSITIONS * planes.len()];
        for (class, plane) in planes.iter().enumerate() {
            weights.iter_mut().skip(class).step_by(planes.len()).zip(&plane.weights).for_each(|(to, from)| *to = *from);
        }
        let of_all = |part: fn(&Plane) -> f32| planes.iter().map(part).collect();
        Self { weights, scales: of_all(|p| p.scale), biases: of_all(|p| p.bias) }
    }

    pub(super) const fn classes(&self) -> usize {
        self.biases.len()
    }

    /// The margin of every class: above 0 speaks for it.
    pub(super) fn scores(&self, vector: &[(u16, f32)]) -> Vec<f32> {
        let classes = self.classes();
        let mut scores = vec![0.0f32; classes];
        for (position, value) in vector {
            let row = usize::from(*position) * classes;
            let weights = &self.weights[row..row + classes];
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += value * f32::from(*weight));
        }
        scores.iter_mut().zip(&self.scales).zip(&self.biases).for_each(|((score, scale), bias)| *score = *score * scale + bias);
        scores
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.u32(self.classes() as u32);
        self.scales.iter().chain(&self.biases).for_each(|value| out.f32(*value));
        let bytes: Vec<u8> = self.weights.iter().map(|weight| weight.cast_unsigned()).collect();
        out.raw(&bytes);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let classes = from.u32()? as usize;
        let mut floats = |_| from.f32();
        let scales = (0..classes).map(&mut floats).collect::<Result<_, _>>()?;
        let biases = (0..classes).map(&mut floats).collect::<Result<_, _>>()?;
        let bytes = from.raw(classes.checked_mul(POSITIONS).ok_or(Corrupt)?)?;
        Ok(Self { weights: bytes.iter().map(|byte| byte.cast_signed()).collect(), scales, biases })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> (Examples, [usize; 6]) {
        let vector = |a: f32, b: f32| vec![(3u16, a), (7, b)];
        let vectors =
            [vector(1.0, 0.1), vector(0.9, 0.2), vector(0.1, 1.0), vector(0.0, 0.9), vector(-1.0, -0.9), vector(-0.8, -1.0)];
        (Examples::new(vectors.into_iter()), [0, 0, 1, 1, 2, 2])
    }

    fn model() -> Linear {
        let (examples, labels) = examples();
        let planes: Vec<Plane> =
            (0..3).map(|class| examples.separate(|i| labels[i] == class, [4.0, 4.0], class as u64)).collect();
        Linear::new(&planes)
    }

    #[test]
    fn each_class_wins_its_own_side() {
        let best = |vector: &[(u16, f32)]| {
            let scores = model().scores(vector);
            (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
        };
        assert_eq!([best(&[(3, 0.8)]), best(&[(7, 0.8)]), best(&[(3, -0.7), (7, -0.7)])], [0, 1, 2]);
    }

    #[test]
    fn the_optimum_is_reached() {
        // The dual of the squared hinge has its optimum where every projected gradient is 0.
        let (examples, labels) = examples();
        let descent = Descent::new(&examples, (0..6).map(|i| labels[i] == 0), [0.5, 0.5]).run(1);
        for i in 0..6 {
            let gradient = descent.gradient(i);
            let projected = if descent.duals[i] == 0.0 { gradient.min(0.0) } else { gradient };
            assert!(projected.abs() <= TOLERANCE, "{i}: {projected}");
        }
    }

    #[test]
    fn training_is_repeatable_and_survives_its_bytes() {
        let mut out = Writer::default();
        model().write(&mut out);
        let bytes = out.finish();
        assert_eq!(Linear::read(&mut Reader::new(&bytes)), Ok(model()));
        assert_eq!(Linear::read(&mut Reader::new(&bytes[1..])), Err(Corrupt));
    }
}
