//! The end-point curve: how often a policy takes the turn too early, against how long it waits; and plain silence on the same turns.
//! Never plays more than the quiet English turns: a sweep takes their time so often.

use serde::Serialize;

use super::score::Figures;
use super::{Kind, Moment, Scene, Theatre};
use crate::call::{EndpointConfig, TurnConfig};
use crate::talk::Language;

/// The policy's waits times these.
const FACTORS: [f32; 5] = [0.6, 0.8, 1.0, 1.4, 2.0];
/// Plain silence of so many milliseconds, whatever was said.
const SILENCES_MS: [u64; 6] = [200, 300, 450, 700, 1_000, 1_600];
/// Every so many turns one is played.
const EVERY: usize = 2;

/// A setting and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// `policy` or `silence`.
    pub by: &'static str,
    /// The policy's factor, or the silence in milliseconds.
    pub setting: f64,
    /// Share of the turns with a pause inside that were cut off.
    pub cut_off: f64,
    /// Response latency, p50 and p95, in milliseconds.
    pub delay_ms: [u64; 2],
}

/// Plays the turns under every setting.
pub fn sweep(scenes: &[Scene<'_>], mut theatre: Theatre) -> Vec<Point> {
    let is_turn = |m: &Moment| m.language == Language::EN && m.kind == Kind::Turn && m.snr_db.is_none();
    let turns: Vec<_> = scenes.iter().filter(|scene| is_turn(scene.moment)).step_by(EVERY).collect();
    let base = TurnConfig::default();
    let policy = FACTORS.map(|factor| ("policy", f64::from(factor), base.endpoint.slower(factor)));
    let silence = SILENCES_MS.map(|ms| ("silence", ms as f64, plain(ms)));
    let mut points = Vec::new();
    for (by, setting, endpoint) in policy.into_iter().chain(silence) {
        for (_, stage) in &mut theatre.stages {
            stage.set_turn(TurnConfig { endpoint: endpoint.clone(), ..base.clone() });
        }
        let results: Vec<_> = turns.iter().map(|scene| theatre.play(scene)).collect();
        let figures = Figures::of(results.iter());
        if let (Some(cut_off), Some([p50, p95, _])) = (figures.cut_at_pauses, figures.response_ms) {
            points.push(Point { by, setting, cut_off, delay_ms: [p50, p95] });
        }
    }
    points
}

/// Nothing but silence decides.
const fn plain(ms: u64) -> EndpointConfig {
    EndpointConfig {
        open_ms: ms,
        unheard_ms: ms,
        yes_no_ms: ms,
        choice_ms: ms,
        digits_ms: ms,
        spelling_ms: ms,
        date_ms: ms,
        amount_ms: ms,
        name_ms: ms,
        address_ms: ms,
        complete_ms: ms,
        whole_ms: ms,
        brief_ms: ms,
        unfinished_ms: ms,
        least_ms: ms,
        most_ms: ms,
        noise_db: 0.0,
        learn_ms: 0,
        voice_ms: 0,
        guess_ms: ms,
    }
}
