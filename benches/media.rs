//! What 20 ms of one call cost in each stage of its sound, in microseconds and allocations, and what a bad network costs the caller.
//! Never a verdict on speech quality: it counts.
//!
//! `cargo bench --bench media`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use hotline::audio::{MediaTime, SampleRate};
use hotline::media::codec::{Codec, ComfortNoise, Concealer};
use hotline::media::jitter::{Content, JitterBuffer, JitterConfig};
use hotline::media::resample::Resampler;
use hotline::media::vad::{Paired, Vad};
use hotline::media::{Downlink, Enqueued, MediaConfig, Packet, PortFormat, Speech, Uplink};
use hotline::talk::{AudioRange, ReplyId};

const FRAMES: u64 = 5_000;

fn main() {
    println!("one call, 20 ms frames          us/frame   allocations/frame");
    stages();
    uplink();
    downlink();
    println!("\nuplink on a bad network, 10 minutes: delay uniform over 60 ms (±30 ms), loss at random");
    for percent in [0, 1, 5, 10] {
        bad_network(percent);
    }
}

fn stages() {
    let pcm = hum(0);
    let mut jitter = JitterBuffer::new(JitterConfig::default(), SampleRate::HZ_8000);
    let mut sent = packets().into_iter();
    measure("jitter buffer", |n| {
        jitter.insert(millis(n), sent.next().expect("a packet a frame"), Content::Sound { samples: 160 });
        jitter.tick(millis(n));
        while let Some(popped) = jitter.pop() {
            black_box(popped);
        }
    });
    let (mut decoded, mut encoded) = (Vec::with_capacity(160), BytesMut::with_capacity(160));
    let payload = packet(0, &pcm).payload;
    measure("G.711 decode", |_| {
        decoded.clear();
        Codec::Pcma.decode(black_box(&payload), &mut decoded);
        black_box(&decoded);
    });
    measure("G.711 encode", |_| {
        encoded.clear();
        Codec::Pcma.encode(black_box(&pcm), &mut encoded);
    });
    let (mut concealer, mut noise, mut frame) = (Concealer::default(), ComfortNoise::new(1), [0; 160]);
    measure("concealment", |n| {
        if n % 3 == 0 {
            concealer.received(&mut frame);
        }
        concealer.conceal(black_box(&mut frame), &mut noise);
    });
    for (from, to) in [(8_000, 16_000), (16_000, 8_000), (48_000, 16_000), (22_050, 8_000)] {
        let rate = |hz| SampleRate::new(hz).expect("a rate of the path");
        let (mut resampler, mut out) = (Resampler::new(rate(from), rate(to)), vec![0; rate(to).frame_len()]);
        let pcm = vec![1_000; rate(from).frame_len()];
        measure(&format!("resample {from} to {to}"), |_| resampler.frame(black_box(&pcm), &mut out));
    }
    let wide: Vec<i16> = hum(0).into_iter().flat_map(|s| [s, s]).collect();
    let mut vad = Paired::default();
    measure("voice activity, speech", |n| {
        // The level has to move: what is steady is noise.
        let at = if n % 50 == 0 { 0 } else { wide.len() };
        black_box(vad.speech(if at == 0 { &[0; 320] } else { &wide }));
    });
    let mut vad = Paired::default();
    measure("voice activity, silence", |_| {
        black_box(vad.speech(&[0; 320]));
    });
}

fn uplink() {
    let mut sent = packets().into_iter();
    let mut uplink = Uplink::new(PortFormat::Pcma, &MediaConfig::default());
    measure("uplink, insert and pull", |n| {
        uplink.insert(millis(n), sent.next().expect("a packet a frame"));
        black_box(uplink.pull(millis(n)));
    });
    let range = AudioRange { from: MediaTime::ZERO, to: uplink.end() };
    let start = now();
    let mut samples = 0;
    uplink.utterance(range, &mut |pcm| samples += black_box(pcm).len());
    println!("{:<30} {:>8.2}", format!("30 s utterance, {samples} samples"), micros(start));
}

fn downlink() {
    let mut downlink = Downlink::new(PortFormat::Pcma, &MediaConfig::default());
    measure("downlink, silence", |_| {
        black_box(downlink.pull());
    });
    let mut speech = Vec::with_capacity(64);
    let mut spent = Duration::ZERO;
    let sentences = 0..(FRAMES / 50) as u16;
    for sentence in sentences {
        speech.extend((0..10).map(|n| Speech { reply: ReplyId(1), sentence, pcm: vec![3_000; 800], last: n == 9 }));
        let start = now();
        for piece in speech.drain(..) {
            assert_eq!(downlink.enqueue(piece), Enqueued::Queued);
        }
        for _ in 0..50 {
            black_box(downlink.pull());
        }
        spent += start.elapsed();
    }
    println!("{:<30} {:>8.2}", "downlink, speech", spent.as_secs_f64() * 1e6 / FRAMES as f64);
}

fn bad_network(percent: u64) {
    let mut dice = dice();
    let frames = 30_000;
    let mut sent: Vec<(u64, u64)> = Vec::new();
    for n in 0..frames {
        let (shake, lost) = (dice(60_000), dice(100) < percent);
        sent.extend((!lost).then_some((n * 20_000 + shake, n)));
    }
    sent.sort_unstable();
    let packets: Vec<Packet> = (0..100).map(|n| packet(n, &hum(n))).collect();
    let mut sent = sent.into_iter().peekable();
    let mut uplink = Uplink::new(PortFormat::Pcma, &MediaConfig::default());
    let (start, mut delay) = (now(), 0.0);
    for tick in 0..frames {
        while let Some((at, n)) = sent.next_if(|(at, _)| *at <= tick * 20_000) {
            let packet = Packet { sequence: n as u16, timestamp: n as u32 * 160, ..packets[n as usize % 100].clone() };
            uplink.insert(Duration::from_micros(at), packet);
        }
        uplink.pull(Duration::from_micros(tick * 20_000));
        delay += uplink.stats().jitter.delay_ms;
    }
    let stats = uplink.stats();
    println!(
        "{percent:>2} % lost: {:>5} lost, {:>3} late, {:>5} ms concealed of {:>5} ms lost, delay {:.0} ms on average; {:.0} x real time",
        stats.jitter.lost,
        stats.jitter.late,
        stats.concealed.as_millis(),
        stats.jitter.lost * 20,
        delay / frames as f32,
        600e6 / micros(start),
    );
}

fn measure(name: &str, mut run: impl FnMut(u64)) {
    (0..100).for_each(&mut run);
    let start = now();
    (100..FRAMES - 1_000).for_each(&mut run);
    let spent = micros(start) / (FRAMES - 1_100) as f64;
    let counted = allocation_counter::measure(|| (FRAMES - 1_000..FRAMES).for_each(&mut run));
    println!("{name:<30} {spent:>8.2}   {:>6.3}", counted.count_total as f64 / 1_000.0);
}

/// 20 ms of a caller who hums 1.5 s and pauses half a second.
fn hum(n: u64) -> Vec<i16> {
    let loud = if n % 100 < 75 { 6_000.0 } else { 10.0 };
    (n * 160..n * 160 + 160).map(|i| ((i as f32 * 0.11).sin() * loud) as i16).collect()
}

fn packet(n: u64, pcm: &[i16]) -> Packet {
    let mut payload = BytesMut::new();
    Codec::Pcma.encode(pcm, &mut payload);
    let (sequence, timestamp) = (n as u16, n as u32 * 160);
    Packet { payload_type: 8, ssrc: 1, sequence, timestamp, marker: false, payload: payload.freeze() }
}

fn packets() -> Vec<Packet> {
    (0..FRAMES).map(|n| packet(n, &hum(n))).collect()
}

fn dice() -> impl FnMut(u64) -> u64 {
    let mut state = 42u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

fn millis(frames: u64) -> Duration {
    Duration::from_millis(frames * 20)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn now() -> Instant {
    Instant::now()
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}
