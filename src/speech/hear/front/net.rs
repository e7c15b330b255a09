//! A small network of dense layers, read from packed weights and run on one row. Never trained here.

use crate::audio::{Dense, Packed};

/// Dense layers with rectifiers between them.
pub(super) struct Network {
    context: usize,
    layers: Vec<Dense>,
}

impl Network {
    /// Reads `HLT2`, then bands, context, hidden units and outputs as `u32`, then for each of three layers its weights and its
    /// bias, both as an `f32` scale and `i16` values; all little-endian. `None` where the length is another.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut packed = Packed::behind(b"HLT2", bytes)?;
        let [bands, context, hidden, outputs] = packed.sizes()?;
        let mut layers = Vec::new();
        for (inputs, outputs) in [(bands * (2 * context + 2), hidden), (hidden, hidden), (hidden, outputs)] {
            layers.push(Dense::new(packed.scaled(inputs * outputs)?, packed.scaled(outputs)?));
        }
        packed.is_read().then_some(Self { context, layers })
    }

    /// Frames before and after the one that is corrected.
    pub(super) const fn context(&self) -> usize {
        self.context
    }

    pub(super) fn run(&self, input: &[f32]) -> Vec<f32> {
        let mut row = input.to_vec();
        for (i, layer) in self.layers.iter().enumerate() {
            row = layer.run(&row).collect();
            if i + 1 < self.layers.len() {
                row.iter_mut().for_each(|x| *x = x.max(0.0));
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_in_this_binary_are_whole() {
        let network = Network::read(super::super::WEIGHTS).expect("read");
        assert_eq!(network.context(), 5);
        assert_eq!(network.run(&[8.0; 25 * 12]).len(), super::super::CEPSTRA);
        assert!(Network::read(&super::super::WEIGHTS[..super::super::WEIGHTS.len() - 1]).is_none());
        assert!(Network::read(b"HLTX").is_none());
    }
}
