//! Checks that a whisper ggml file is whole before the C++ loader sees it: a truncated or foreign file is named, not loaded.
//! Never reads the weights themselves, only what lies between them.

use std::io::{Read, Seek, SeekFrom};

/// What a model file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFacts {
    /// It knows more than English.
    pub multilingual: bool,
    /// Frames of 20 ms its encoder takes in at most.
    pub audio_ctx: u32,
}

const MAGIC: u32 = 0x6767_6d6c;
const FIRST_MULTILINGUAL_VOCABULARY: u32 = 51_865;

/// Walks through the whole file.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check(file: &mut (impl Read + Seek)) -> Result<ModelFacts, String> {
    let end = file.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    if word(file)? != MAGIC {
        return Err("no whisper ggml file (its first bytes are others)".to_owned());
    }
    let header: [u32; 11] = words(file)?;
    let [vocabulary, audio_ctx, audio_state, audio_head, audio_layer, text_ctx, text_state, text_head, text_layer, mels, _] =
        header;
    let plausible = (50_364..=60_000).contains(&vocabulary)
        && (1..=3_000).contains(&audio_ctx)
        && (1..=4_096).contains(&text_ctx)
        && (1..=4_096).contains(&audio_state)
        && audio_state == text_state
        && (1..=64).contains(&audio_head)
        && audio_state % audio_head == 0
        && (1..=64).contains(&text_head)
        && text_state % text_head == 0
        && (1..=64).contains(&audio_layer)
        && (1..=64).contains(&text_layer)
        && matches!(mels, 80 | 128);
    if !plausible {
        return Err("its header holds sizes that no whisper model has".to_owned());
    }
    let [mel_rows, mel_columns] = words(file)?;
    skip(file, u64::from(mel_rows) * u64::from(mel_columns) * 4, end)?;
    if !has_blank(file, vocabulary, end)? {
        // The C++ side looks this token up without asking and would end the process.
        return Err("its vocabulary lacks the blank, which every whisper model has".to_owned());
    }
    let mut tensors = 0;
    while file.stream_position().map_err(|e| e.to_string())? < end {
        skip_tensor(file, end)?;
        tensors += 1;
    }
    let wanted = 11 + 15 * audio_layer + 24 * text_layer;
    if tensors != wanted {
        return Err(format!("it holds {tensors} of {wanted} tensors: cut off or of another kind"));
    }
    Ok(ModelFacts { multilingual: vocabulary >= FIRST_MULTILINGUAL_VOCABULARY, audio_ctx })
}

/// Walks through the vocabulary: whether a single space is in it.
fn has_blank(file: &mut (impl Read + Seek), most: u32, end: u64) -> Result<bool, String> {
    let mut blank = false;
    for _ in 0..word(file)?.min(most) {
        let length = word(file)?;
        if length == 1 {
            let mut byte = [0];
            file.read_exact(&mut byte).map_err(|e| e.to_string())?;
            blank |= byte == *b" ";
        } else {
            skip(file, u64::from(length), end)?;
        }
    }
    Ok(blank)
}

fn skip_tensor(file: &mut (impl Read + Seek), end: u64) -> Result<(), String> {
    let [dimensions, name, kind] = words(file)?;
    if !(1..=4).contains(&dimensions) || name > 256 {
        return Err("a tensor's header is damaged".to_owned());
    }
    let mut elements = 1u64;
    for _ in 0..dimensions {
        elements = elements.saturating_mul(u64::from(word(file)?));
    }
    // Elements of a block and its bytes (ggml.h).
    let (block, bytes) = match kind {
        0 => (1, 4),
        1 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        other => return Err(format!("a tensor is of kind {other}, which whisper does not use")),
    };
    skip(file, u64::from(name).saturating_add(elements.div_ceil(block).saturating_mul(bytes)), end)
}

fn skip(file: &mut impl Seek, bytes: u64, end: u64) -> Result<(), String> {
    let at = file.stream_position().map_err(|e| e.to_string())?;
    match at.checked_add(bytes) {
        Some(to) if to <= end => file.seek(SeekFrom::Start(to)).map(drop).map_err(|e| e.to_string()),
        _ => Err("it is cut off; `hotline models pull` fetches it again".to_owned()),
    }
}

fn word(file: &mut impl Read) -> Result<u32, String> {
    words::<1>(file).map(|[word]| word)
}

fn words<const N: usize>(file: &mut impl Read) -> Result<[u32; N], String> {
    let mut out = [0; N];
    for word in &mut out {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map_err(|_| "it is cut off; `hotline models pull` fetches it again".to_owned())?;
        *word = u32::from_le_bytes(bytes);
    }
    Ok(out)
}

#[cfg(test)]
pub(super) mod fixture {
    //! A whisper model of the smallest size that whisper.cpp takes, with pseudo-random weights.

    const STATE: u32 = 32;
    const LAYERS: u32 = 1;
    const AUDIO_CTX: u32 = 256;
    const TEXT_CTX: u32 = 128;
    const VOCABULARY: u32 = 51_865;

    struct Model {
        bytes: Vec<u8>,
        seed: u32,
    }

    /// The bytes of the file.
    pub(in super::super) fn model() -> Vec<u8> {
        let mut m = Model { bytes: Vec::new(), seed: 1 };
        m.words(&[super::MAGIC, VOCABULARY, AUDIO_CTX, STATE, 2, LAYERS, TEXT_CTX, STATE, 2, LAYERS, 80, 1, 80, 201]);
        m.floats(80 * 201);
        m.words(&[50_257]);
        for i in 0..50_257u32 {
            m.words(&[1]);
            m.bytes.push(if i == 220 { b' ' } else { b'a' + (i % 26) as u8 });
        }
        m.tensor("encoder.positional_embedding", &[STATE, AUDIO_CTX]);
        m.half("encoder.conv1.weight", &[3, 80, STATE]);
        m.tensor("encoder.conv1.bias", &[1, STATE]);
        m.half("encoder.conv2.weight", &[3, STATE, STATE]);
        m.tensor("encoder.conv2.bias", &[1, STATE]);
        m.norm("encoder.ln_post");
        m.layer("encoder.blocks.0", &["attn"]);
        m.tensor("decoder.positional_embedding", &[STATE, TEXT_CTX]);
        m.half("decoder.token_embedding.weight", &[STATE, VOCABULARY]);
        m.norm("decoder.ln");
        m.layer("decoder.blocks.0", &["attn", "cross_attn"]);
        m.bytes
    }

    impl Model {
        fn words(&mut self, words: &[u32]) {
            self.bytes.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        }

        fn next(&mut self) -> f32 {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((self.seed >> 16) as f32 / 65_536.0 - 0.5) * 0.1
        }

        fn floats(&mut self, n: u32) {
            for _ in 0..n {
                let value = self.next();
                self.bytes.extend(value.to_le_bytes());
            }
        }

        fn head(&mut self, name: &str, dims: &[u32], kind: u32) {
            self.words(&[dims.len() as u32, name.len() as u32, kind]);
            self.words(dims);
            self.bytes.extend(name.bytes());
        }

        fn tensor(&mut self, name: &str, dims: &[u32]) {
            self.head(name, dims, 0);
            self.floats(dims.iter().product());
        }

        /// Half floats: their sign and low bits are random, their exponent small.
        fn half(&mut self, name: &str, dims: &[u32]) {
            self.head(name, dims, 1);
            for _ in 0..dims.iter().product::<u32>() {
                let bits = (self.next().to_bits() >> 8) as u16;
                self.bytes.extend((bits & 0x83ff | 0x2800).to_le_bytes());
            }
        }

        fn norm(&mut self, name: &str) {
            self.tensor(&format!("{name}.weight"), &[STATE]);
            self.tensor(&format!("{name}.bias"), &[STATE]);
        }

        fn layer(&mut self, name: &str, attentions: &[&str]) {
            self.norm(&format!("{name}.mlp_ln"));
            for (part, rows, columns) in [("mlp.0", STATE, 4 * STATE), ("mlp.2", 4 * STATE, STATE)] {
                self.half(&format!("{name}.{part}.weight"), &[rows, columns]);
                self.tensor(&format!("{name}.{part}.bias"), &[columns]);
            }
            for attention in attentions {
                self.norm(&format!("{name}.{attention}_ln"));
                for part in ["query", "key", "value", "out"] {
                    self.half(&format!("{name}.{attention}.{part}.weight"), &[STATE, STATE]);
                    if part != "key" {
                        self.tensor(&format!("{name}.{attention}.{part}.bias"), &[STATE]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_whole_file_passes_and_every_cut_is_named() {
        let model = fixture::model();
        assert_eq!(check(&mut Cursor::new(&model)), Ok(ModelFacts { multilingual: true, audio_ctx: 256 }));
        for cut in [0, 3, 40, 60, 70_000, model.len() / 2, model.len() - 1] {
            assert!(check(&mut Cursor::new(&model[..cut])).is_err(), "cut at {cut}");
        }
        assert!(check(&mut Cursor::new(b"RIFF1234WAVEfmt ")).expect_err("a wav").contains("no whisper ggml"));
    }

    #[test]
    fn absurd_sizes_are_refused_before_anything_is_allocated() {
        let mut model = fixture::model();
        model[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(check(&mut Cursor::new(&model)).is_err());
    }
}
