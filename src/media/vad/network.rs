//! The voice detector's network: a dense layer, two layers of gated recurrent units, and one that says how likely somebody speaks.
//! Never trained here (`models/voice-activity.py` does that).

use super::features::dot;

/// Each output's weights after one another, and its bias.
struct Layer {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// A layer of gated recurrent units (Cho and others, 2014); the gates lie in the order reset, update, candidate.
struct Units {
    given: Layer,
    back: Layer,
}

/// The weights, the same for every call.
pub(super) struct Network {
    first: Layer,
    second: Units,
    third: Units,
    out: Layer,
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
        let mut rest = bytes.strip_prefix(b"HLVA")?;
        let mut size = || {
            let (head, tail) = rest.split_first_chunk::<4>()?;
            rest = tail;
            usize::try_from(u32::from_le_bytes(*head)).ok()
        };
        let (_bands, inputs, first, second, third) = (size()?, size()?, size()?, size()?, size()?);
        let mut layer = |inputs: usize, outputs: usize| {
            Some(Layer { weights: numbers(&mut rest, inputs * outputs)?, bias: numbers(&mut rest, outputs)? })
        };
        let network = Self {
            first: layer(inputs, first)?,
            second: Units { given: layer(first, 3 * second)?, back: layer(second, 3 * second)? },
            third: Units { given: layer(second, 3 * third)?, back: layer(third, 3 * third)? },
            out: layer(third, 1)?,
        };
        rest.is_empty().then_some(network)
    }

    /// Nothing heard yet.
    pub(super) fn memory(&self) -> Memory {
        let (second, third) = (self.second.back.bias.len(), self.third.back.bias.len());
        let widest = second.max(third);
        Memory {
            seen: vec![0.0; self.first.bias.len()],
            second: vec![0.0; second / 3],
            third: vec![0.0; third / 3],
            given: vec![0.0; widest],
            back: vec![0.0; widest],
        }
    }

    /// How likely somebody speaks in the frame with these features, which follows those before. No allocation.
    pub(super) fn run(&self, features: &[f32], memory: &mut Memory) -> f32 {
        self.first.run(features, &mut memory.seen);
        memory.seen.iter_mut().for_each(|x| *x = x.tanh());
        let Memory { seen, second, third, given, back } = memory;
        self.second.run(seen, second, given, back);
        self.third.run(second, third, given, back);
        sigmoid(dot(&self.out.weights, third) + self.out.bias[0])
    }
}

impl Layer {
    fn run(&self, input: &[f32], output: &mut [f32]) {
        for ((out, weights), bias) in output.iter_mut().zip(self.weights.chunks_exact(input.len())).zip(&self.bias) {
            *out = bias + dot(weights, input);
        }
    }
}

impl Units {
    fn run(&self, input: &[f32], state: &mut [f32], given: &mut [f32], back: &mut [f32]) {
        self.given.run(input, given);
        self.back.run(state, back);
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

fn numbers(rest: &mut &[u8], count: usize) -> Option<Vec<f32>> {
    let (packed, tail) = rest.split_at_checked(count * 4)?;
    *rest = tail;
    Some(packed.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}
