//! A small network of dense layers, read from packed weights and run on one row. Never trained here.

/// A dense layer: each output's weights after one another, and its bias.
struct Layer {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// Dense layers with rectifiers between them.
pub(super) struct Network {
    context: usize,
    layers: Vec<Layer>,
}

impl Network {
    /// Reads `HLTF`, then bands, context, hidden units and outputs as `u32`, then for each of three layers its weights and its
    /// bias, both as an `f32` scale and `i16` values; all little-endian. `None` where the length is another.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(b"HLTF")?;
        let mut size = || {
            let (head, tail) = rest.split_first_chunk::<4>()?;
            rest = tail;
            usize::try_from(u32::from_le_bytes(*head)).ok()
        };
        let (bands, context, hidden, outputs) = (size()?, size()?, size()?, size()?);
        let mut layers = Vec::new();
        for (inputs, outputs) in [(bands * (2 * context + 1), hidden), (hidden, hidden), (hidden, outputs)] {
            layers.push(Layer { weights: unpack(&mut rest, inputs * outputs)?, bias: unpack(&mut rest, outputs)? });
        }
        rest.is_empty().then_some(Self { context, layers })
    }

    /// Frames before and after the one that is corrected.
    pub(super) const fn context(&self) -> usize {
        self.context
    }

    pub(super) fn run(&self, input: &[f32]) -> Vec<f32> {
        let mut row = input.to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            row = layer.run(&row);
            if i + 1 < self.layers.len() {
                row.iter_mut().for_each(|x| *x = x.max(0.0));
            }
        }
        row
    }
}

impl Layer {
    fn run(&self, input: &[f32]) -> Vec<f32> {
        self.weights.chunks_exact(input.len()).zip(&self.bias).map(|(weights, bias)| bias + dot(weights, input)).collect()
    }
}

/// Eight sums beside each other, which a processor adds at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn unpack(rest: &mut &[u8], values: usize) -> Option<Vec<f32>> {
    let (scale, tail) = rest.split_first_chunk::<4>()?;
    let (packed, tail) = tail.split_at_checked(values * 2)?;
    *rest = tail;
    let scale = f32::from_le_bytes(*scale);
    Some(packed.chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) * scale).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_in_this_binary_are_whole() {
        let network = Network::read(super::super::WEIGHTS).expect("read");
        assert_eq!(network.context(), 5);
        assert_eq!(network.run(&[8.0; 25 * 11]).len(), super::super::CEPSTRA);
        assert!(Network::read(&super::super::WEIGHTS[..super::super::WEIGHTS.len() - 1]).is_none());
        assert!(Network::read(b"HLTX").is_none());
    }

    #[test]
    fn a_row_is_multiplied_whatever_its_length() {
        let a: Vec<f32> = (0..11).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), 385.0);
    }
}
