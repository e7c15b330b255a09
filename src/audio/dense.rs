//! Dense layers of the small networks that judge sound, and how their packed weights are read.
//! Never trained here, and never knows what a layer is for.

/// Each output's weights after one another, and its bias.
pub struct Dense {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// A layer of these weights and biases; there are as many weights as inputs times outputs.
    pub const fn new(weights: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { weights, bias }
    }

    /// How many outputs it has.
    pub const fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// What it makes of an input, an output after another.
    pub fn run(&self, input: &[f32]) -> impl Iterator<Item = f32> {
        self.weights.chunks_exact(input.len()).zip(&self.bias).map(|(weights, bias)| bias + dot(weights, input))
    }
}

/// The sum of the products, as far as both reach: eight sums beside each other, which a processor adds at once.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let length = a.len().min(b.len());
    let (a, b) = (a[..length].chunks_exact(8), b[..length].chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// A file of weights, little-endian, read from its beginning on. Each reader is `None` where the file is too short.
pub struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// What follows these first bytes; `None` where it begins otherwise.
    pub fn behind(magic: &[u8], bytes: &'a [u8]) -> Option<Self> {
        bytes.strip_prefix(magic).map(Self)
    }

    /// The next sizes, each a `u32`.
    pub fn sizes<const N: usize>(&mut self) -> Option<[usize; N]> {
        let mut sizes = [0; N];
        for size in &mut sizes {
            *size = usize::try_from(u32::from_le_bytes(self.take()?)).ok()?;
        }
        Some(sizes)
    }

    /// So many `f32`.
    pub fn floats(&mut self, count: usize) -> Option<Vec<f32>> {
        (0..count).map(|_| self.take().map(f32::from_le_bytes)).collect()
    }

    /// So many `i16`, behind the `f32` that each is multiplied by.
    pub fn scaled(&mut self, count: usize) -> Option<Vec<f32>> {
        let scale = f32::from_le_bytes(self.take()?);
        (0..count).map(|_| Some(f32::from(i16::from_le_bytes(self.take()?)) * scale)).collect()
    }

    /// Whether all was read.
    pub const fn is_read(&self) -> bool {
        self.0.is_empty()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_multiplied_whatever_its_length() {
        let a: Vec<f32> = (0..11).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), 385.0);
    }
}
