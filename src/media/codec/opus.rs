//! Opus (RFC 6716) at 48 kHz mono with in-band error correction and discontinuous transmission, as browsers speak it.
//! Never decides what was lost: it repairs what the jitter buffer says is missing.

use bytes::BytesMut;
use opus::{Application, Bitrate, Channels, Signal};

use crate::audio::SampleRate;
use crate::media::jitter::Content;

/// The clock of Opus in RTP, whatever is coded (RFC 7587 section 4.1).
const RATE: SampleRate = SampleRate::HZ_48000;
/// Enough for a voice with its copy of the packet before, in bits a second (RFC 6716 section 2.1.1).
const BITRATE: i32 = 32_000;
/// Loss that the encoder prepares for, in percent: with less it leaves the copies out.
const EXPECTED_LOSS: i32 = 10;
/// Half the effort: 0.15 ms a frame instead of 0.18, with no difference that PESQ hears.
const COMPLEXITY: i32 = 5;
/// Longest frame we make, in bytes.
const LONGEST_FRAME: usize = 400;
/// Longest packet there is, in samples: 120 ms.
const LONGEST: usize = 120 * PER_MS;
const PER_MS: usize = RATE.hz() as usize / 1_000;
/// What the decoder makes up is a multiple of 2.5 ms.
const QUANTUM: usize = PER_MS * 5 / 2;
/// A packet this short says only that the sender is silent (RFC 7587 section 3.1.3).
const SILENT: usize = 2;

/// Makes packets of 20 ms frames.
pub struct OpusEncoder {
    encoder: opus::Encoder,
    frame: Box<[u8; LONGEST_FRAME]>,
    silent: bool,
}

impl Default for OpusEncoder {
    fn default() -> Self {
        let mut encoder = opus::Encoder::new(RATE.hz(), Channels::Mono, Application::Voip)
            .expect("libopus knows 48 kHz mono, and there is memory");
        let set = [
            encoder.set_bitrate(Bitrate::Bits(BITRATE)),
            encoder.set_complexity(COMPLEXITY),
            encoder.set_signal(Signal::Voice),
            encoder.set_inband_fec(true),
            encoder.set_packet_loss_perc(EXPECTED_LOSS),
            encoder.set_dtx(true),
        ];
        set.into_iter().collect::<opus::Result<()>>().expect("every one of these values is in its range");
        Self { encoder, frame: Box::new([0; LONGEST_FRAME]), silent: false }
    }
}

impl OpusEncoder {
    /// Appends the packet of these 20 ms. In silence, after one packet that says so, nothing: then nothing is to be sent.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut BytesMut) {
        let len = self.encoder.encode(pcm, &mut self.frame[..]).expect("20 ms are a frame and fit the room");
        let was_silent = std::mem::replace(&mut self.silent, len <= SILENT);
        if !(self.silent && was_silent) {
            payload.extend_from_slice(&self.frame[..len]);
        }
    }
}

/// Makes sound of one sender's packets.
pub struct OpusDecoder {
    decoder: opus::Decoder,
    sound: Box<[i16; LONGEST]>,
}

impl Default for OpusDecoder {
    fn default() -> Self {
        let decoder = opus::Decoder::new(RATE.hz(), Channels::Mono).expect("libopus knows 48 kHz mono, and there is memory");
        Self { decoder, sound: Box::new([0; LONGEST]) }
    }
}

impl OpusDecoder {
    /// Appends the samples of a packet. One that is damaged is stood in for, at the length it claims.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut Vec<i16>) {
        match self.decoder.decode(payload, &mut self.sound[..], false) {
            Ok(samples) => pcm.extend_from_slice(&self.sound[..samples]),
            Err(_) => {
                let from = pcm.len();
                pcm.resize(from + samples(payload).unwrap_or(0), 0);
                self.conceal(&mut pcm[from..]);
            }
        }
    }

    /// Fills these samples with what was probably lost.
    pub fn conceal(&mut self, pcm: &mut [i16]) {
        let wanted = pcm.len().next_multiple_of(QUANTUM).min(LONGEST);
        let made = self.decoder.decode(&[], &mut self.sound[..wanted], false).unwrap_or(0).min(pcm.len());
        pcm[..made].copy_from_slice(&self.sound[..made]);
    }

    /// Fills these samples, which lie directly before the packet `next`, with the copy that it carries of them
    /// (RFC 6716 section 2.1.7); `false` and nothing done if it carries none.
    pub fn repair(&mut self, next: &[u8], pcm: &mut [i16]) -> bool {
        let Some(copied) = copied_samples(next) else { return false };
        let wanted = pcm.len().next_multiple_of(QUANTUM).max(copied).min(LONGEST);
        let Ok(made) = self.decoder.decode(next, &mut self.sound[..wanted], true) else { return false };
        let (len, from) = (pcm.len().min(made), made.saturating_sub(pcm.len()));
        pcm[..len].copy_from_slice(&self.sound[from..from + len]);
        true
    }
}

/// What an Opus packet holds: sound, or only the word that the sender is silent from here on.
pub(super) fn content(payload: &[u8]) -> Content {
    match samples(payload) {
        Some(_) if payload.len() <= SILENT => Content::Noise,
        Some(samples) if copied_samples(payload).is_some() => Content::SoundAndCopy { samples: samples as u32 },
        Some(samples) => Content::Sound { samples: samples as u32 },
        None => Content::Other,
    }
}

/// How much sound the packet says it holds; `None` if it is none.
fn samples(payload: &[u8]) -> Option<usize> {
    let samples = opus::packet::get_nb_samples(payload, RATE.hz()).ok()?;
    (1..=LONGEST).contains(&samples).then_some(samples)
}

/// Length of the frame of which the packet carries a copy. Only the layers made for speech can (RFC 6716 section 4.2.4):
/// then a bit behind the voice activity of each 20 ms says so.
fn copied_samples(payload: &[u8]) -> Option<usize> {
    let (&toc, &[first, ..]) = payload.split_first()? else { return None };
    let (config, code) = (toc >> 3, toc & 3);
    let samples = opus::packet::get_samples_per_frame(payload, RATE.hz()).ok()?;
    let parts = samples.div_ceil(20 * PER_MS);
    let copied = first >> (7 - parts) & 1 == 1;
    (config < 16 && code == 0 && copied).then_some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Dbfs;

    const FRAME: usize = RATE.frame_len();

    /// 20 ms of syllables: vowels of a wandering pitch, four a second. A steady tone would be taken for silence.
    fn voice(n: usize) -> Vec<i16> {
        let turns = |i: usize| i as f32 / 48_000.0 * 130.0 + (i as f32 / 48_000.0 * 9.0).sin() * 2.0;
        let tone = |i: usize, k: f32| (turns(i) * k * std::f32::consts::TAU).sin();
        let loud = |i: usize| (i as f32 / 48_000.0 * 4.0 * std::f32::consts::PI).sin().abs();
        (n * FRAME..(n + 1) * FRAME)
            .map(|i| (loud(i) * (1..12).map(|k| 3_000.0 / k as f32 * tone(i, k as f32)).sum::<f32>()) as i16)
            .collect()
    }

    fn encoded(frames: impl Iterator<Item = Vec<i16>>) -> Vec<Vec<u8>> {
        let mut encoder = OpusEncoder::default();
        frames
            .map(|pcm| {
                let mut payload = BytesMut::new();
                encoder.encode(&pcm, &mut payload);
                payload.to_vec()
            })
            .collect()
    }

    fn snr_db(truth: &[i16], made: &[i16]) -> f32 {
        let power = |pcm: &mut dyn Iterator<Item = f32>| pcm.map(|s| s * s).sum::<f32>();
        let noise = power(&mut truth.iter().zip(made).map(|(&t, &m)| f32::from(t) - f32::from(m)));
        10.0 * (power(&mut truth.iter().map(|&t| f32::from(t))) / noise.max(1.0)).log10()
    }

    /// What is heard of frame 30 of the voice: with its packet, by the copy in the next, or made up.
    fn thirtieth(how: impl Fn(&mut OpusDecoder, &[Vec<u8>], &mut Vec<i16>)) -> Vec<i16> {
        let packets = encoded((0..40).map(voice));
        let (mut decoder, mut pcm) = (OpusDecoder::default(), Vec::new());
        packets[..30].iter().for_each(|packet| decoder.decode(packet, &mut pcm));
        pcm.clear();
        how(&mut decoder, &packets, &mut pcm);
        assert_eq!(pcm.len(), FRAME);
        pcm
    }

    #[test]
    fn a_lost_frame_is_repaired_from_the_next_packet_and_better_than_made_up() {
        let sent = thirtieth(|decoder, packets, pcm| decoder.decode(&packets[30], pcm));
        let repaired = thirtieth(|decoder, packets, pcm| {
            pcm.resize(FRAME, 0);
            assert!(decoder.repair(&packets[31], pcm), "the next packet carries a copy");
        });
        let made_up = thirtieth(|decoder, _, pcm| {
            pcm.resize(FRAME, 0);
            decoder.conceal(pcm);
        });
        let (repaired, made_up) = (snr_db(&sent, &repaired), snr_db(&sent, &made_up));
        println!("repaired {repaired:.1} dB, made up {made_up:.1} dB");
        assert!(repaired > 6.0 && repaired > made_up + 3.0, "repaired {repaired} dB, made up {made_up} dB");
    }

    #[test]
    fn silence_is_said_once_and_then_costs_next_to_nothing() {
        let silence = std::iter::repeat_n(vec![0; FRAME], 100);
        let packets = encoded((0..30).map(voice).chain(silence));
        let sent: Vec<usize> = packets[60..].iter().map(Vec::len).filter(|&len| len > 0).collect();
        assert!(sent.len() <= 12, "{sent:?}");
        let said = packets.iter().find(|packet| !packet.is_empty() && packet.len() <= SILENT).expect("it is said");
        assert_eq!(content(said), Content::Noise);
        assert_eq!(content(&packets[0]), Content::Sound { samples: 960 }, "nothing was before it");
    }

    #[test]
    fn a_voice_comes_through() {
        let packets = encoded((0..50).map(voice));
        let (mut decoder, mut pcm) = (OpusDecoder::default(), Vec::new());
        packets.iter().for_each(|packet| decoder.decode(packet, &mut pcm));
        let said: Vec<i16> = (20..40).flat_map(voice).collect();
        let (said, heard) = (Dbfs::of(&said).db(), Dbfs::of(&pcm[20 * FRAME..40 * FRAME]).db());
        assert!((said - heard).abs() < 2.0, "{said} dB and {heard} dB");
        let bytes: usize = packets.iter().map(Vec::len).sum();
        assert!((2_000..=6_000).contains(&bytes), "{bytes} bytes a second");
    }

    #[test]
    fn damaged_packets_are_survived() {
        let mut seed = 1u32;
        let mut dice = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let (mut decoder, mut pcm) = (OpusDecoder::default(), vec![0; 480]);
        for _ in 0..2_000 {
            let packet: Vec<u8> = (0..dice() % 60).map(|_| dice()).collect();
            if let Content::Sound { samples } | Content::SoundAndCopy { samples } = content(&packet) {
                let mut sound = Vec::new();
                decoder.repair(&packet, &mut pcm);
                decoder.decode(&packet, &mut sound);
                assert_eq!(sound.len(), samples as usize);
            }
        }
        assert_eq!(content(&[]), Content::Other);
    }

    #[test]
    fn nothing_is_allocated_per_frame() {
        let (mut encoder, mut decoder) = (OpusEncoder::default(), OpusDecoder::default());
        let (mut payload, mut pcm, sound) = (BytesMut::with_capacity(4_096), Vec::with_capacity(2 * FRAME), voice(3));
        let mut run = || {
            payload.clear();
            pcm.clear();
            encoder.encode(&sound, &mut payload);
            decoder.decode(&payload, &mut pcm);
            decoder.repair(&payload, &mut pcm);
            decoder.conceal(&mut pcm);
        };
        run();
        assert_eq!(allocation_counter::measure(|| (0..5).for_each(|_| run())).count_total, 0);
    }
}
