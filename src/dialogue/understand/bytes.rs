//! Numbers to bytes and back, for what is kept between two starts.
//! Never trusts what it reads: too little, or too much, is an error.

/// The bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of the understanding is damaged or of another version; it is learnt anew")]
pub struct Corrupt;

/// Bytes being written, little-endian.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub(super) fn f32(&mut self, value: f32) {
        self.raw(&value.to_le_bytes());
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// Bytes being read.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn raw(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Corrupt)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Corrupt> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A number that is one: no infinity, no NaN.
    pub(super) fn f32(&mut self) -> Result<f32, Corrupt> {
        Some(f32::from_le_bytes(self.array()?)).filter(|value| value.is_finite()).ok_or(Corrupt)
    }

    pub(super) fn varint(&mut self) -> Result<u32, Corrupt> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| Corrupt);
            }
        }
        Err(Corrupt)
    }

    pub(super) const fn end(&self) -> Result<(), Corrupt> {
        if self.0.is_empty() { Ok(()) } else { Err(Corrupt) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        self.raw(N)?.try_into().map_err(|_| Corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_damage_is_noticed() {
        let values = [0, 127, 128, 16_383, 16_384, u32::MAX];
        let mut out = Writer::default();
        values.iter().for_each(|value| out.varint(*value));
        out.f32(-1.5);
        let bytes = out.finish();
        let mut from = Reader::new(&bytes);
        assert_eq!(values.map(|_| from.varint().unwrap()), values);
        assert_eq!((from.f32(), from.end(), from.u32()), (Ok(-1.5), Ok(()), Err(Corrupt)));
        assert_eq!(Reader::new(&[0xff; 5]).varint(), Err(Corrupt));
        assert_eq!(Reader::new(&f32::NAN.to_le_bytes()).f32(), Err(Corrupt));
    }
}
