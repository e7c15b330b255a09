//! The voice detector's network: a dense layer, two layers of gated recurrent units, and one that says how likely somebody speaks.
//! Never trained here (`models/voice-activity.py` does that).

use crate::audio::{Dense, Packed};

/// A layer of gated recurrent units (Cho and others, 2014); the gates lie in the order reset, update, candidate.
struct Units {
    given: Dense,
    back: Dense,
}

/// The weights, the same for every call.
pub(super) struct Network {
    first: Dense,
    second: Units,
    third: Units,
    out: Dense,
}

/// What the network remembers of one stream, and room to work in.
pub(super) struct Memory {
    seen: Vec<f32>,
    second: Vec<f32>,
    third: Vec<f32>,
    given: Vec<f32>,
    back: Vec<f32>,
}

impl Network {
    /// Reads `HLVA`, then bands, inputs and the sizes of the three layers as `u32`, then for each matrix its weights and its bias
    /// as `f32`; all little-endian. `None` where a length is another.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut packed = Packed::behind(b"HLVA", bytes)?;
        let [_bands, inputs, first, second, third] = packed.sizes()?;
        let mut layer =
            |inputs: usize, outputs: usize| Some(Dense::new(packed.floats(inputs * outputs)?, packed.floats(outputs)?));
        let network = Self {
            first: layer(inputs, first)?,
            second: Units { given: layer(first, 3 * second)?, back: layer(second, 3 * second)? },
            third: Units { given: layer(second, 3 * third)?, back: layer(third, 3 * third)? },
            out: layer(third, 1)?,
        };
        packed.is_read().then_some(network)
    }

    /// Nothing heard yet.
    pub(super) fn memory(&self) -> Memory {
        let (second, third) = (self.second.back.outputs(), self.third.back.outputs());
        let widest = second.max(third);
        Memory {
            seen: vec![0.0; self.first.outputs()],
            second: vec![0.0; second / 3],
            third: vec![0.0; third / 3],
            given: vec![0.0; widest],
            back: vec![0.0; widest],
        }
    }

    /// How likely somebody speaks in the frame with these features, which follows those before. No allocation.
    pub(super) fn run(&self, features: &[f32], memory: &mut Memory) -> f32 {
        let Memory { seen, second, third, given, back } = memory;
        fill(seen, self.first.run(features).map(f32::tanh));
        self.second.run(seen, second, given, back);
        self.third.run(second, third, given, back);
        self.out.run(third).next().map_or(0.0, sigmoid)
    }
}

impl Units {
    fn run(&self, input: &[f32], state: &mut [f32], given: &mut [f32], back: &mut [f32]) {
        fill(given, self.given.run(input));
        fill(back, self.back.run(state));
        let units = state.len();
        for (i, held) in state.iter_mut().enumerate() {
            let reset = sigmoid(given[i] + back[i]);
            let keep = sigmoid(given[units + i] + back[units + i]);
            let new = (given[2 * units + i] + reset * back[2 * units + i]).tanh();
            *held = (1.0 - keep) * new + keep * *held;
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn fill(row: &mut [f32], values: impl Iterator<Item = f32>) {
    row.iter_mut().zip(values).for_each(|(old, new)| *old = new);
}
