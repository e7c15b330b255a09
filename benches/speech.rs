//! What the embedded voices cost: processor time to the first sound, real-time factor, level, size of the data.
//! Never measures wall time where the system counts processor time (`/proc/thread-self/schedstat`).
//!
//! `cargo bench --bench speech`, or with the profile of the tests: `cargo bench --profile dev --bench speech`.

use std::fs;
use std::ops::ControlFlow;

use hotline::audio::{Dbfs, SampleRate};
use hotline::speech::speak::loudness::active_level;
use hotline::speech::speak::{Delivery, EngineKind, FliteConfig, FliteVoice, SpeakConfig, Synthesizer, open};
use hotline::talk::Language;

const ENGLISH: [&str; 8] = [
    "Thank you for calling Acme support, how may I help you?",
    "Your order 4271 has shipped and will arrive on Tuesday.",
    "I am sorry, I did not catch that.",
    "The total is $129.50, including delivery.",
    "Would you like me to connect you with a colleague?",
    "You can return any item within thirty days as long as it has not been used and the box is complete.",
    "Please tell me the number of your order, or enter it on the keypad.",
    "Goodbye, and have a nice day!",
];
const CHINESE: [&str; 8] = [
    "您好，欢迎致电客户服务中心，请问有什么可以帮您？",
    "您的订单4271已经发货，预计星期二送达。",
    "对不起，我没有听清楚。",
    "总计129.50元，含运费。",
    "需要我为您转接人工客服吗？",
    "商品在三十天内未经使用并且包装完整的情况下可以退货。",
    "请说出您的订单号，或者用键盘输入。",
    "再见，祝您生活愉快！",
];
/// The kernel may count in ticks of 4 ms, so that only a mean tells.
const ROUNDS: usize = 10;

fn main() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    println!(
        "{:<8} {:<3} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6}",
        "engine", "", "open ms", "first ms", "worst ms", "RTF", "level", "peak"
    );
    let espeak = [
        (EngineKind::Espeak, FliteVoice::Slt, Language::EN, ENGLISH),
        (EngineKind::Espeak, FliteVoice::Slt, Language::ZH, CHINESE),
    ];
    let flite = FliteVoice::ALL.map(|voice| (EngineKind::Flite, voice, Language::EN, ENGLISH));
    for (engine, voice, language, texts) in flite.into_iter().chain(espeak) {
        let config = SpeakConfig { engines: vec![engine], cache_kib: 0, flite: FliteConfig { voice }, ..SpeakConfig::default() };
        let before = cpu_ms();
        let voices = match open(&config, data.path(), runtime.handle()) {
            Ok(voices) => voices,
            Err(error) => {
                println!("{:<8} {language}: {error}", engine.name());
                continue;
            }
        };
        let opened = cpu_ms() - before;
        let (mut firsts, mut spent, mut pcm) = (Vec::new(), 0.0, Vec::new());
        for text in texts {
            let runs: Vec<(f64, f64, Vec<i16>)> = (0..ROUNDS).map(|_| speak(&voices, text, language)).collect();
            firsts.push(runs.iter().map(|(first, ..)| *first).sum::<f64>() / ROUNDS as f64);
            spent += runs.iter().map(|(_, all, _)| *all).sum::<f64>() / ROUNDS as f64;
            pcm.extend(&runs[0].2);
        }
        let rate: SampleRate = voices.rate(language);
        let seconds = pcm.len() as f64 / f64::from(rate.hz());
        let peak = pcm.iter().map(|sample: &i16| sample.unsigned_abs()).max().unwrap_or(0);
        let level: Dbfs = active_level(&pcm, rate);
        let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
        let worst = firsts.iter().copied().fold(0.0, f64::max);
        println!(
            "{:<8} {language:<3} {opened:>9.1} {mean:>9.2} {worst:>9.2} {:>9.4} {:>8.1} {:>5.0}%",
            engine.name(),
            spent / 1_000.0 / seconds,
            level.db(),
            f64::from(peak) / 327.68
        );
        assert!(mean <= 30.0, "the first sound of an embedded voice takes at most 30 ms of processor time");
    }
    #[cfg(feature = "espeak")]
    println!("espeak-ng data in the binary: {} KiB", hotline::speech::speak::espeak_data::PACKED_BYTES / 1_024);
}

/// Processor milliseconds to the first sound and to the last, and the sound.
fn speak(voices: &impl Synthesizer, text: &str, language: Language) -> (f64, f64, Vec<i16>) {
    let begun = cpu_ms();
    let (mut first, mut pcm) = (None, Vec::new());
    let mut sink = |piece: &[i16]| {
        first.get_or_insert_with(|| cpu_ms() - begun);
        pcm.extend_from_slice(piece);
        ControlFlow::Continue(())
    };
    voices.synthesise(text, language, Delivery::default(), &mut sink).expect("an embedded voice speaks");
    let all = cpu_ms() - begun;
    (first.expect("there is something to say"), all, pcm)
}

/// Milliseconds this thread has been on a processor.
fn cpu_ms() -> f64 {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts a thread's time");
    counted.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds come first") / 1e6
}
