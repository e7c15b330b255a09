//! A caller joined with an operator: a frame each way a tick, through each leg's own jitter buffer, codec and rate.
//! Never a word of the bot's, and nothing that is said now is recognised.

use std::collections::VecDeque;

use super::sound::CallSound;
use crate::audio::{Frame, SampleRate};
use crate::line::{Port, PortEvent};
use crate::media::{Downlink, Enqueued, MediaConfig, Outgoing, PortFormat, SpeechCutter};
use crate::talk::ReplyId;

/// The one endless sentence that a bridge plays.
const ONE: (ReplyId, u16) = (ReplyId(1), 0);

/// One direction: what was heard on a leg, on its way to the other.
pub(super) struct Passage {
    cutter: SpeechCutter,
    downlink: Downlink,
}

impl Passage {
    /// To a port of this format, from what an uplink hears.
    pub(super) fn to(format: PortFormat, config: &MediaConfig) -> Self {
        let cutter = SpeechCutter::new(ONE.0, ONE.1, SampleRate::HZ_16000, format.rate());
        Self { cutter, downlink: Downlink::new(format, config) }
    }

    /// Takes what was heard in 20 ms; what leaves in the same tick.
    pub(super) fn pass(&mut self, heard: &Frame) -> Outgoing {
        for speech in self.cutter.push(heard.pcm()) {
            // As much goes out as comes in: a full downlink is none, and three seconds late is too late.
            match self.downlink.enqueue(speech) {
                Enqueued::Queued | Enqueued::Stale | Enqueued::Full(_) => {}
            }
        }
        self.downlink.pull().0
    }

    /// The frame that left last.
    pub(super) const fn frame(&self) -> &Frame {
        self.downlink.frame()
    }
}

/// The operator's end of a bridge.
pub(super) struct Operator {
    port: Box<dyn Port>,
    sound: CallSound,
    passage: Passage,
}

impl Operator {
    /// An operator who came by this port.
    pub(super) fn new(port: Box<dyn Port>, config: &MediaConfig) -> Self {
        let format = port.info().format;
        Self { port, sound: CallSound::new(format, config), passage: Passage::to(format, config) }
    }

    /// Waits until the operator is gone, taking in their sound meanwhile; `at` counts like the ticks. Cancel-safe.
    pub(super) async fn gone(&mut self, at: impl Fn() -> std::time::Duration) {
        loop {
            match self.port.recv().await {
                PortEvent::Packet(packet) => self.sound.insert(at(), packet),
                PortEvent::Plain(frame) => self.sound.push(&frame),
                PortEvent::Closed(_) => return,
                // An operator speaks; keys and texts are for bots.
                PortEvent::Digit(_)
                | PortEvent::Typed(_)
                | PortEvent::Interrupt
                | PortEvent::Language(_)
                | PortEvent::Held(_) => {}
            }
        }
    }

    /// 20 ms have passed: sends what the caller said; gives back what the operator said.
    pub(super) fn tick(&mut self, at: std::time::Duration, caller: &Frame) -> &Frame {
        self.sound.tick(at, true, &mut VecDeque::new());
        self.port.send(self.passage.pass(caller));
        self.sound.heard()
    }

    /// Ends the operator's leg.
    pub(super) async fn close(&mut self) {
        self.port.close().await;
    }
}
