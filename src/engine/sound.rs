//! Both directions of one call's sound, as every driver needs them: what is spoken goes in, a frame each way comes out a tick.
//! Never waits and never reads a clock: the time of each tick is given.

use std::collections::VecDeque;
use std::time::Duration;

use super::voice::Spoken;
use crate::audio::{Dbfs, Frame, MediaTime};
use crate::call::Input;
use crate::media::{Downlink, Enqueued, MediaConfig, Outgoing, Packet, PortFormat, Uplink};
use crate::talk::{AudioRange, Playout, ReplyId};

/// One call's uplink and downlink, and which sentence sounds.
pub(super) struct CallSound {
    uplink: Uplink,
    downlink: Downlink,
    /// A piece of speech that waits for room in the downlink.
    waiting: Option<Spoken>,
    /// The sentence whose sound came last.
    sounding: Option<(ReplyId, u16)>,
}

impl CallSound {
    pub(super) fn new(format: PortFormat, config: &MediaConfig) -> Self {
        Self { uplink: Uplink::new(format, config), downlink: Downlink::new(format, config), waiting: None, sounding: None }
    }

    /// Takes a packet of the caller's that came at `now`, counted like the ticks.
    pub(super) fn insert(&mut self, now: Duration, packet: Packet) {
        self.uplink.insert(now, packet);
    }

    /// Takes a plain frame of the caller's.
    pub(super) fn push(&mut self, frame: &Frame) {
        self.uplink.push(frame);
    }

    /// What the caller has said since `from` (16 kHz), and where it really begins.
    pub(super) fn said_since(&self, from: MediaTime) -> (MediaTime, Vec<i16>) {
        let mut said = Vec::new();
        let range = AudioRange { from, to: self.uplink.end() };
        let given = self.uplink.utterance(range, &mut |pcm| said.extend_from_slice(pcm));
        (given.from, said)
    }

    /// Whether the next piece of speech may be offered.
    pub(super) const fn has_room(&self) -> bool {
        self.waiting.is_none()
    }

    /// Takes a piece of the bot's speech into the downlink and adds what the call must know of it to `inputs`;
    /// with a full downlink the piece waits for the next tick.
    pub(super) fn enqueue(&mut self, spoken: Spoken, inputs: &mut VecDeque<Input>) {
        let Spoken { speech, length } = spoken;
        let (reply, sentence) = (speech.reply, speech.sentence);
        match self.downlink.enqueue(speech) {
            Enqueued::Full(speech) => self.waiting = Some(Spoken { speech, length }),
            Enqueued::Stale => {}
            Enqueued::Queued => {
                if self.sounding.replace((reply, sentence)) != Some((reply, sentence)) {
                    inputs.push_back(Input::AudioReady { reply, sentence });
                }
                inputs.extend(length.map(|length| Input::Synthesised { reply, sentence, length }));
            }
        }
    }

    /// 20 ms have passed: one frame each way. `None` goes out to one who holds the call: nothing is sent then
    /// (RFC 3264 section 8.4), and the reply goes on where it was.
    pub(super) fn tick(&mut self, now: Duration, held: bool, inputs: &mut VecDeque<Input>) -> (Option<Outgoing>, Input) {
        let (outgoing, playout) = if held { (None, None) } else { self.send() };
        let heard = self.uplink.pull(now);
        if let Some(spoken) = self.waiting.take() {
            self.enqueue(spoken, inputs);
        }
        (outgoing, Input::Tick { heard, playout })
    }

    fn send(&mut self) -> (Option<Outgoing>, Option<Playout>) {
        let (outgoing, playout) = self.downlink.pull();
        (Some(outgoing), playout)
    }

    /// The frame that was heard last (16 kHz).
    pub(super) const fn heard(&self) -> &Frame {
        self.uplink.frame()
    }

    /// The frame that was sent last.
    pub(super) const fn sent(&self) -> &Frame {
        self.downlink.frame()
    }

    /// Nothing of this reply is played from now on.
    pub(super) fn cancel(&mut self, reply: ReplyId) {
        self.downlink.cancel(reply);
    }

    /// Throws away all sound that has not left.
    pub(super) fn clear(&mut self) {
        self.downlink.clear();
    }

    /// Plays replies at this gain from now on.
    pub(super) fn set_gain(&mut self, gain: Dbfs) {
        self.downlink.set_gain(gain);
    }
}
