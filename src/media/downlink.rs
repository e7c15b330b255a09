//! The bot's sound: sentences queued in order, one packet out at each 20 ms tick, and the account of what has left.
//! Never plays a reply that was cleared, never skips a tick, and never mixes two sentences in one frame.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;

use crate::audio::{Dbfs, Frame, MediaTime, SampleRate};
use crate::talk::{Playout, ReplyId};

use super::codec::{ComfortNoise, Encoder};
use super::{MediaConfig, Outgoing, PortFormat, Speech};

/// Sound that may wait: 3 s of the sentence that is played, and as much of those behind it.
const BOUND_S: usize = 3;
/// Pieces that may wait, whatever their length.
const PIECES: usize = 512;
/// Room for encoded frames; taken anew only if a port keeps 64 of them.
const PAYLOADS: usize = 64 * 160;
/// Room for one: 20 ms of Opus at its longest.
const LONGEST_PAYLOAD: usize = 400;

/// What came of a piece of speech.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Enqueued {
    /// It will be played.
    Queued,
    /// Its reply was cleared or is over: thrown away.
    Stale,
    /// Three seconds are waiting already; offer it again after the next tick.
    Full(Speech),
}

/// Counters of the downlink, since the call began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DownlinkStats {
    /// Ticks in which a sentence had begun and its voice was too slow.
    pub starved_ticks: u64,
    /// Pieces thrown away because their reply was over.
    pub stale_pieces: u64,
}

/// One call's outgoing sound.
pub struct Downlink {
    encoder: Option<Encoder>,
    frame: Frame,
    ticks: u64,
    /// By reply and sentence; within a sentence as they came.
    queue: VecDeque<Speech>,
    /// Samples of the front piece that have left.
    front_left: usize,
    cursor: Cursor,
    /// No reply up to this one is played any more.
    over: ReplyId,
    newest: ReplyId,
    gain: Gain,
    tail: Tail,
    noise: ComfortNoise,
    talking: bool,
    payloads: BytesMut,
    stats: DownlinkStats,
}

/// Which sentence's turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cursor {
    reply: ReplyId,
    sentence: u16,
    /// Samples of it that have left.
    left: usize,
}

impl Downlink {
    /// The downlink of a port that speaks this format.
    pub fn new(format: PortFormat, config: &MediaConfig) -> Self {
        let mut noise = ComfortNoise::new(0xc0ffee);
        noise.set_white(config.comfort_noise());
        Self {
            encoder: Encoder::of_port(format),
            frame: Frame::silence(format.rate(), MediaTime::ZERO),
            ticks: 0,
            queue: VecDeque::with_capacity(PIECES),
            front_left: 0,
            cursor: Cursor::default(),
            over: ReplyId(0),
            newest: ReplyId(0),
            gain: Gain { now: 1.0, aim: 1.0, step: 0.0 },
            tail: Tail { pcm: [0; MAX_FADE], len: 0 },
            noise,
            talking: false,
            payloads: BytesMut::with_capacity(PAYLOADS),
            stats: DownlinkStats::default(),
        }
    }

    /// The rate [`Speech`] has to have.
    pub const fn rate(&self) -> SampleRate {
        self.frame.rate()
    }

    /// Queues a piece of speech. A reply begins with the lowest sentence that is there, and goes on in the order of the numbers,
    /// whichever comes first; what comes for a place before that is too late.
    pub fn enqueue(&mut self, speech: Speech) -> Enqueued {
        if self.is_stale(&speech) {
            self.stats.stale_pieces += 1;
            return Enqueued::Stale;
        }
        let its_turn =
            |s: &Speech| s.reply < self.cursor.reply || (s.reply == self.cursor.reply && s.sentence <= self.cursor.sentence);
        let turn = its_turn(&speech);
        let waiting: usize = self.queue.iter().filter(|s| its_turn(s) == turn).map(|s| s.pcm.len()).sum();
        if waiting >= BOUND_S * self.rate().hz() as usize || self.queue.len() >= PIECES {
            return Enqueued::Full(speech);
        }
        self.newest = self.newest.max(speech.reply);
        let index = self.queue.partition_point(|s| key(s) <= key(&speech));
        self.queue.insert(index, speech);
        Enqueued::Queued
    }

    /// Plays replies at this gain from now on (0 dB: as they are), reached within 10 ms. Silence holds them where they are: what
    /// nobody can hear is not played.
    pub fn set_gain(&mut self, gain: Dbfs) {
        let aim = if gain <= Dbfs::SILENCE { 0.0 } else { gain.gain() };
        if aim == 0.0 && self.gain.aim > 0.0 {
            self.fade_out();
            self.gain.now = 0.0;
        }
        self.gain = Gain { aim, step: (aim - self.gain.now) / (self.rate().hz() / 100) as f32, ..self.gain };
    }

    /// Stops every reply that has been heard of, fading out within 5 ms; nothing more of them is ever played.
    pub fn clear(&mut self) {
        self.cancel(self.newest);
    }

    /// Stops this reply and those before it, fading out within 5 ms; nothing more of them is ever played,
    /// even if their sound comes later.
    pub fn cancel(&mut self, reply: ReplyId) {
        self.over = self.over.max(reply);
        if self.queue.front().is_none_or(|front| front.reply > reply) {
            return;
        }
        self.fade_out();
        self.queue.retain(|speech| speech.reply > reply);
        self.front_left = 0;
    }

    /// This tick's sound, and what it holds of a reply. To be called once at each tick.
    ///
    /// Every finished sentence is told once with `length == Some(played)`, in the tick of its last sample
    /// or, if its end was told later, in a tick without sound.
    pub fn pull(&mut self) -> (Outgoing, Option<Playout>) {
        let at = MediaTime::from_millis(self.ticks * crate::audio::FRAME_MS);
        self.ticks += 1;
        self.frame = Frame::silence(self.rate(), at);
        let (sound, playout) = self.play();
        self.tail.add(&mut self.frame);
        self.noise.add(&mut self.frame.pcm_mut()[sound..], 1.0);
        let marker = sound > 0 && !self.talking;
        self.talking = sound > 0;
        (self.outgoing(marker), playout)
    }

    /// The frame that was pulled last, before encoding.
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Sound that is waiting.
    pub fn queued(&self) -> Duration {
        self.time(self.queue.iter().map(|s| s.pcm.len()).sum::<usize>() - self.front_left)
    }

    /// Counters.
    pub const fn stats(&self) -> DownlinkStats {
        self.stats
    }

    /// What is being said falls silent within 5 ms.
    fn fade_out(&mut self) {
        let Some(front) =
            self.queue.front().filter(|front| self.talking && key(front) == (self.cursor.reply, self.cursor.sentence))
        else {
            return;
        };
        let fade = self.rate().hz() as usize / 200;
        self.tail.set(front.pcm[self.front_left..].iter().copied().take(fade), fade, &mut self.gain);
    }

    const fn is_held(&self) -> bool {
        self.gain.aim == 0.0
    }

    fn is_stale(&self, speech: &Speech) -> bool {
        let Cursor { reply, sentence, .. } = self.cursor;
        speech.reply <= self.over
            || speech.reply < reply
            || (speech.reply == reply && speech.sentence < sentence)
            || self.queue.iter().any(|s| s.last && key(s) == key(speech))
    }

    /// Moves this tick's part of the sentence into the frame; says how many samples.
    fn play(&mut self) -> (usize, Option<Playout>) {
        if self.is_held() {
            return (0, None);
        }
        let Some(front) = self.queue.front() else {
            self.stats.starved_ticks += u64::from(self.cursor.left > 0 && self.cursor.reply > self.over);
            return (0, None);
        };
        if front.reply > self.cursor.reply {
            self.cursor = Cursor { reply: front.reply, sentence: front.sentence, left: 0 };
        }
        let Cursor { reply, sentence, .. } = self.cursor;
        let its = || self.queue.iter().take_while(|s| key(s) == (reply, sentence));
        let (mut there, complete) = its().fold((0, false), |(n, last), s| (n + s.pcm.len(), last || s.last));
        there -= if there > 0 { self.front_left } else { 0 };
        let frame = self.rate().frame_len();
        if there < frame && !complete {
            self.stats.starved_ticks += u64::from(self.cursor.left > 0);
            return (0, None);
        }
        let now = there.min(frame);
        let length = complete.then_some(self.cursor.left + there);
        self.copy(now);
        self.cursor.left += now;
        let played = self.cursor.left;
        if length == Some(played) {
            self.end_sentence();
        }
        let queued = self.queue.iter().filter(|s| s.reply == reply).map(|s| s.pcm.len()).sum::<usize>() - self.front_left;
        let playout = Playout {
            reply,
            sentence,
            played: self.time(played),
            length: length.map(|length| self.time(length)),
            queued: self.time(queued),
        };
        (now, Some(playout))
    }

    /// Copies that many samples from the front of the queue into the frame.
    fn copy(&mut self, samples: usize) {
        let mut done = 0;
        while done < samples {
            let front = self.queue.front().expect("as many samples as were counted are queued");
            let n = (samples - done).min(front.pcm.len() - self.front_left);
            let from = &front.pcm[self.front_left..self.front_left + n];
            for (to, &from) in self.frame.pcm_mut()[done..done + n].iter_mut().zip(from) {
                *to = self.gain.apply(from);
            }
            done += n;
            self.front_left += n;
            if self.front_left == front.pcm.len() && !front.last {
                self.queue.pop_front();
                self.front_left = 0;
            }
        }
    }

    /// Lets the sentence's last pieces go and gives the next its turn.
    fn end_sentence(&mut self) {
        let ended = (self.cursor.reply, self.cursor.sentence);
        while self.queue.front().is_some_and(|s| key(s) == ended) {
            self.queue.pop_front();
        }
        self.front_left = 0;
        self.cursor = Cursor { sentence: self.cursor.sentence.saturating_add(1), left: 0, ..self.cursor };
    }

    fn outgoing(&mut self, marker: bool) -> Outgoing {
        let Some(encoder) = &mut self.encoder else { return Outgoing::Plain(self.frame.clone()) };
        if self.payloads.capacity() < LONGEST_PAYLOAD {
            self.payloads.reserve(PAYLOADS);
        }
        encoder.encode(self.frame.pcm(), &mut self.payloads);
        Outgoing::Encoded { payload: self.payloads.split().freeze(), marker }
    }

    fn time(&self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / u64::from(self.rate().hz()))
    }
}

const fn key(speech: &Speech) -> (ReplyId, u16) {
    (speech.reply, speech.sentence)
}

/// A gain on its way to another.
#[derive(Debug, Clone, Copy)]
struct Gain {
    now: f32,
    aim: f32,
    /// Change a sample.
    step: f32,
}

impl Gain {
    fn apply(&mut self, sample: i16) -> i16 {
        self.now = if (self.aim - self.now).abs() <= self.step.abs() { self.aim } else { self.now + self.step };
        (f32::from(sample) * self.now).clamp(-32_768.0, 32_767.0) as i16
    }
}

/// 5 ms at the highest rate.
const MAX_FADE: usize = SampleRate::HZ_48000.hz() as usize / 200;

/// The last 5 ms of a reply that was cut off, fading: a hard stop would click.
struct Tail {
    pcm: [i16; MAX_FADE],
    len: usize,
}

impl Tail {
    fn set(&mut self, pcm: impl Iterator<Item = i16>, fade: usize, gain: &mut Gain) {
        self.len = 0;
        for (i, (to, from)) in self.pcm.iter_mut().zip(pcm).enumerate() {
            *to = (f32::from(gain.apply(from)) * (1.0 - i as f32 / fade as f32)) as i16;
            self.len = i + 1;
        }
    }

    fn add(&mut self, frame: &mut Frame) {
        for (to, from) in frame.pcm_mut().iter_mut().zip(&self.pcm[..self.len]) {
            *to = to.saturating_add(*from);
        }
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: usize = 8_000;

    fn downlink() -> Downlink {
        Downlink::new(PortFormat::Pcm(SampleRate::HZ_8000), &MediaConfig::default())
    }

    fn speech(reply: u32, sentence: u16, samples: usize, last: bool) -> Speech {
        Speech { reply: ReplyId(reply), sentence, pcm: vec![8_000; samples], last }
    }

    fn enqueue(downlink: &mut Downlink, speech: Speech) {
        assert_eq!(downlink.enqueue(speech), Enqueued::Queued);
    }

    fn pull(downlink: &mut Downlink) -> (Vec<i16>, Option<Playout>) {
        let (outgoing, playout) = downlink.pull();
        let Outgoing::Plain(frame) = outgoing else { panic!("a plain port gets plain frames") };
        (frame.pcm().to_vec(), playout)
    }

    /// Reply, sentence, milliseconds played, length in milliseconds, queued.
    fn ledger(downlink: &mut Downlink, ticks: usize) -> Vec<(u32, u16, u128, Option<u128>, u128)> {
        (0..ticks)
            .filter_map(|_| pull(downlink).1)
            .map(|p| (p.reply.0, p.sentence, p.played.as_millis(), p.length.map(|l| l.as_millis()), p.queued.as_millis()))
            .collect()
    }

    #[test]
    fn the_ledger_says_what_has_left_to_the_frame() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, 320, false));
        enqueue(&mut downlink, speech(1, 0, 80, true));
        enqueue(&mut downlink, speech(1, 1, 160, true));
        let told = ledger(&mut downlink, 5);
        let expected = [(1, 0, 20, Some(50), 50), (1, 0, 40, Some(50), 30), (1, 0, 50, Some(50), 20), (1, 1, 20, Some(20), 0)];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_end_of_a_sentence_is_told_once_even_if_it_is_known_late() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, 160, false));
        assert_eq!(ledger(&mut downlink, 3), [(1, 0, 20, None, 0)]);
        enqueue(&mut downlink, speech(1, 0, 0, true));
        assert_eq!(ledger(&mut downlink, 3), [(1, 0, 20, Some(20), 0)]);
        assert_eq!(downlink.stats().starved_ticks, 2);
        enqueue(&mut downlink, speech(1, 1, 0, true));
        assert_eq!(ledger(&mut downlink, 3), [(1, 1, 0, Some(0), 0)], "a voice that failed");
    }

    #[test]
    fn sentences_are_played_in_order_whichever_comes_first() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 2, 160, true));
        enqueue(&mut downlink, speech(1, 1, 160, true));
        enqueue(&mut downlink, speech(1, 4, 160, true));
        let order = |downlink: &mut Downlink| ledger(downlink, 4).iter().map(|p| p.1).collect::<Vec<u16>>();
        assert_eq!(order(&mut downlink), [1, 2]);
        enqueue(&mut downlink, speech(1, 3, 160, true));
        assert_eq!(order(&mut downlink), [3, 4]);
    }

    #[test]
    fn an_acknowledgement_goes_before_the_answer_or_not_at_all() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 1, 160, true));
        enqueue(&mut downlink, speech(1, 0, 160, true));
        let order: Vec<u16> = ledger(&mut downlink, 4).iter().map(|p| p.1).collect();
        assert_eq!(order, [0, 1]);
        enqueue(&mut downlink, speech(2, 1, 160, false));
        assert_eq!(ledger(&mut downlink, 1).len(), 1, "the answer has begun");
        assert_eq!(downlink.enqueue(speech(2, 0, 160, true)), Enqueued::Stale);
    }

    #[test]
    fn stale_sound_is_never_played() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, 1_600, false));
        pull(&mut downlink);
        downlink.clear();
        assert_eq!(downlink.enqueue(speech(1, 0, 160, true)), Enqueued::Stale);
        downlink.cancel(ReplyId(2));
        assert_eq!(downlink.enqueue(speech(2, 0, 160, true)), Enqueued::Stale, "cancelled before its first sound");
        enqueue(&mut downlink, speech(3, 0, 160, true));
        assert_eq!(ledger(&mut downlink, 4), [(3, 0, 20, Some(20), 0)]);
        assert_eq!(downlink.enqueue(speech(3, 0, 160, true)), Enqueued::Stale, "said already");
        assert_eq!(downlink.stats().stale_pieces, 3);
    }

    #[test]
    fn a_stop_fades_within_5_ms_and_takes_effect_in_the_next_frame() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, RATE, true));
        assert_eq!(pull(&mut downlink).0[159], 8_000);
        downlink.clear();
        let (pcm, playout) = pull(&mut downlink);
        assert_eq!(playout, None);
        assert!(pcm[0] > 7_000 && pcm[20] > 3_000 && pcm[45..].iter().all(|s| s.abs() < 100), "{pcm:?}");
        assert!(pcm[..40].windows(2).all(|w| w[0] - w[1] < 400), "no click");
        assert_eq!(downlink.queued(), Duration::ZERO);
    }

    #[test]
    fn the_queue_takes_three_seconds_and_the_sentence_in_turn_is_never_kept_out_by_those_behind() {
        let mut downlink = downlink();
        let fill = |downlink: &mut Downlink, sentence| {
            (0..100).take_while(|_| downlink.enqueue(speech(1, sentence, 800, false)) == Enqueued::Queued).count()
        };
        enqueue(&mut downlink, speech(1, 0, 160, false));
        pull(&mut downlink);
        assert_eq!(fill(&mut downlink, 1), 30);
        assert_eq!(fill(&mut downlink, 0), 30);
        assert_eq!(downlink.enqueue(speech(1, 0, 800, false)), Enqueued::Full(speech(1, 0, 800, false)));
        for _ in 0..5 {
            pull(&mut downlink);
        }
        enqueue(&mut downlink, speech(1, 0, 800, false));
    }

    #[test]
    fn ducking_ramps_within_10_ms() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, RATE, true));
        pull(&mut downlink);
        downlink.set_gain(Dbfs::new(-20.0));
        let (pcm, _) = pull(&mut downlink);
        assert!(pcm[0] > 7_800 && (700..=900).contains(&pcm[80]) && (799..=801).contains(&pcm[159]), "{pcm:?}");
        assert!(pcm.windows(2).all(|w| (0..=120).contains(&(w[0] - w[1]))));
        downlink.set_gain(Dbfs::new(0.0));
        pull(&mut downlink);
        assert_eq!(pull(&mut downlink).0[0], 8_000);
    }

    #[test]
    fn at_silence_what_is_said_is_held_and_goes_on_where_it_was() {
        let mut downlink = downlink();
        enqueue(&mut downlink, speech(1, 0, RATE, true));
        assert_eq!(ledger(&mut downlink, 2).last().map(|told| told.2), Some(40));
        downlink.set_gain(Dbfs::SILENCE);
        let (pcm, playout) = pull(&mut downlink);
        assert!(playout.is_none() && pcm[0] > 7_000 && pcm[45..].iter().all(|s| s.abs() < 100), "{pcm:?}");
        assert!(pull(&mut downlink).0.iter().all(|s| s.abs() < 100));
        downlink.set_gain(Dbfs::new(0.0));
        let (pcm, playout) = pull(&mut downlink);
        assert_eq!((pcm[159], playout.map(|p| p.played.as_millis())), (8_000, Some(60)));
        assert!(pcm[0] < 200, "no click: {pcm:?}");
        assert_eq!(downlink.stats().starved_ticks, 0);
    }

    #[test]
    fn every_tick_has_a_packet_and_a_talkspurt_begins_with_the_marker() {
        for (format, silence) in [(PortFormat::Pcma, 0xd5), (PortFormat::Pcmu, 0xff)] {
            let config = MediaConfig { comfort_noise_dbfs: -96.0, ..MediaConfig::default() };
            let mut downlink = Downlink::new(format, &config);
            let mut markers = Vec::new();
            for tick in 0..10 {
                if tick == 3 || tick == 7 {
                    enqueue(&mut downlink, speech(tick, 0, 320, true));
                }
                let (Outgoing::Encoded { payload, marker }, _) = downlink.pull() else { panic!("encoded") };
                assert_eq!(payload.len(), 160);
                assert!(tick > 2 || payload.iter().all(|&byte| byte == silence));
                markers.push(marker);
            }
            assert_eq!(
                markers,
                [3, 7].iter().fold([false; 10], |mut m, &i| {
                    m[i] = true;
                    m
                })
            );
        }
    }

    #[test]
    fn between_replies_comfort_noise_is_sent_well_below_speech() {
        let mut downlink = downlink();
        let (pcm, _) = pull(&mut downlink);
        assert!((Dbfs::of(&pcm).db() + 66.0).abs() < 2.0);
    }

    #[test]
    fn nothing_is_allocated_per_frame() {
        let mut downlink = Downlink::new(PortFormat::Pcma, &MediaConfig::default());
        let mut run = |ticks: usize| {
            for tick in 0..ticks {
                if tick % 100 == 10 {
                    downlink.set_gain(Dbfs::new(-12.0));
                }
                drop(downlink.pull());
            }
        };
        run(10);
        assert_eq!(allocation_counter::measure(|| run(500)).count_total, 0);
        for sentence in 0..4 {
            enqueue(&mut downlink, speech(1, sentence, 4_000, true));
        }
        let talk = allocation_counter::measure(|| (0..150).for_each(|_| drop(downlink.pull())));
        assert_eq!((talk.count_total, downlink.queued()), (0, Duration::ZERO));
    }
}
