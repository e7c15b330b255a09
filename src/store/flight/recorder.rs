//! The call's side of the flight recorder: takes notes and hands them over ten ticks at a time.
//! Never formats, packs or waits: that is the writing thread's.

use std::sync::Arc;
use std::time::Duration;

use crate::call::{Action, Event, Input, Output, Secrecy};
use crate::store::feed::{CallFeed, Counts, Feed};
use crate::store::identity::Pseudonym;
use crate::talk::{Prompt, TurnId};

use super::line::{Head, Rtp};

/// Notes that go to the writing thread together; a tick has about two.
const BATCH: usize = 32;

/// The flight recorder of a line: one queue and one writing thread for all its calls.
pub struct Flights {
    pub(super) feed: Feed<Batch>,
    /// Whether the callers' packets are kept too.
    pub(super) packets: bool,
}

/// One call's flight. Dropping it completes the file.
pub struct CallFlight {
    feed: CallFeed<Batch>,
    batch: Batch,
    packets: bool,
    /// Words, digits and sound are withheld: a secret was asked for, and nothing else was said since.
    veiled: bool,
    /// Those of this one input are: what is asked for is not known yet.
    veils_this: bool,
    /// Turns whose words went to the dialogue veiled, and that it has not answered yet.
    veiled_turns: Vec<TurnId>,
}

/// Some notes in a row.
pub type Batch = Vec<Note>;

/// What the writing thread makes a line of.
#[derive(Debug, Clone)]
pub enum Note {
    Head(Box<Head>),
    In { at: Duration, input: Input, veiled: bool },
    Out { output: Output, veiled: bool },
    Step { at: Duration, step: serde_json::Value },
    Rtp { at: Duration, rtp: Rtp },
    Pcm { rate: u32, samples: Vec<i16> },
}

impl Flights {
    /// The flight of one call of this caller's, which is run by what `head` says; whether packets are kept is filled in.
    pub fn open(&self, head: Head, caller: Pseudonym) -> CallFlight {
        let feed = self.feed.open(head.call.clone(), caller);
        let packets = self.packets;
        let mut batch = Vec::with_capacity(BATCH);
        batch.push(Note::Head(Box::new(Head { packets, ..head })));
        CallFlight { feed, batch, packets, veiled: false, veils_this: false, veiled_turns: Vec::new() }
    }

    /// Batches lost and refused so far, for the metrics.
    pub fn counts(&self) -> Arc<Counts> {
        self.feed.counts()
    }
}

impl CallFlight {
    /// An input is about to be handled, so long after the call began, by a call that keeps so much secret.
    pub fn input(&mut self, at: Duration, input: &Input, secrecy: Secrecy) {
        self.veiled |= secrecy == Secrecy::Secret;
        self.veils_this = self.veiled || secrecy == Secrecy::Unknown;
        self.note(Note::In { at, input: input.clone(), veiled: self.veils_this });
    }

    /// The call answered this to the last input, and keeps so much secret from now on.
    pub fn output(&mut self, output: &Output, secrecy: Secrecy) {
        let veiled = self.veils_this || secrecy == Secrecy::Secret;
        if let Output::Action(Action::StartReply { prompt, .. }) = output {
            self.veiled_turns.extend(prompt.turn().filter(|_| veiled));
        }
        self.note(Note::Out { output: output.clone(), veiled });
        // What the caller hears by now answers the secret, or has nothing to do with it.
        if matches!(output, Output::Event(Event::ReplyStarted { .. })) && secrecy == Secrecy::Open {
            self.veiled = false;
        }
    }

    /// Whether what the dialogue answers now is withheld: the turn's words are, or those of an earlier one that it answers with them.
    pub fn veils(&mut self, prompt: &Prompt) -> bool {
        let Some(turn) = prompt.turn() else { return self.veils_this && matches!(prompt, Prompt::Hinted { .. }) };
        let before = self.veiled_turns.len();
        self.veiled_turns.retain(|veiled| *veiled > turn);
        self.veiled_turns.len() < before
    }

    /// Something happened to the conversation.
    pub fn step(&mut self, at: Duration, step: serde_json::Value) {
        self.note(Note::Step { at, step });
    }

    /// Whether the caller's packets and frames are to be told.
    pub const fn keeps_packets(&self) -> bool {
        self.packets
    }

    /// A packet of the caller's came, so long after the call began.
    pub fn packet(&mut self, at: Duration, mut rtp: Rtp) {
        if self.veiled {
            rtp.payload = None;
        }
        self.note(Note::Rtp { at, rtp });
    }

    /// A plain frame of the caller's came.
    pub fn plain(&mut self, rate: u32, samples: &[i16]) {
        let samples = if self.veiled { Vec::new() } else { samples.to_vec() };
        self.note(Note::Pcm { rate, samples });
    }

    fn note(&mut self, note: Note) {
        self.batch.push(note);
        if self.batch.len() >= BATCH {
            self.feed.send(std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH)));
        }
    }
}

impl Drop for CallFlight {
    fn drop(&mut self) {
        self.feed.send(std::mem::take(&mut self.batch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallConfig;
    use crate::privacy::Pii;
    use crate::store::flight::{FORMAT, Flight, Line, flights, unsealed};
    use crate::store::{PrivacyConfig, Vault};
    use crate::talk::{CallId, Digit, Language, ReplyId, Transcript};

    fn head(call: &CallId) -> Head {
        Head {
            format: FORMAT,
            program: "0".to_owned(),
            call: call.clone(),
            began: chrono::DateTime::UNIX_EPOCH,
            codec: "PCMA".to_owned(),
            rate: 8_000,
            pack: "bank".to_owned(),
            packets: false,
            config: CallConfig::default(),
            media: serde_json::Value::Null,
        }
    }

    fn rtp() -> Rtp {
        Rtp { payload_type: 8, ssrc: 1, sequence: 2, timestamp: 3, marker: false, payload: Some(b"sound".to_vec()) }
    }

    /// What is kept of a call that this told.
    fn kept(tell: impl FnOnce(&mut CallFlight)) -> Flight {
        let data = tempfile::tempdir().expect("a folder");
        let vault = Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).expect("keys"));
        let call = CallId::new("x").expect("an id");
        let (recorder, writer) = flights(&vault, true);
        let mut flight = recorder.open(head(&call), vault.caller_of(&Pii::default(), &call));
        tell(&mut flight);
        drop((flight, recorder));
        writer.run();
        let (packed, damage) = unsealed(&vault, &call).expect("it was kept");
        assert_eq!(damage, None);
        Flight::read(&*packed).expect("a flight")
    }

    #[test]
    fn a_secret_is_in_no_flight() {
        let key = |c| Input::Digit(Digit::from_char(c).expect("a key"));
        let said = Transcript::of_text("my pin is 7391", Language::EN, "test");
        let flight = kept(|flight| {
            flight.packet(Duration::ZERO, rtp());
            flight.input(Duration::ZERO, &key('7'), Secrecy::Secret);
            flight.packet(Duration::ZERO, rtp());
            flight.input(Duration::ZERO, &Input::Typed(said.clone()), Secrecy::Open);
            let event = Event::Transcript { turn: TurnId(1), transcript: said };
            flight.output(&Output::Event(event), Secrecy::Open);
            flight.output(&Output::Event(Event::ReplyStarted { turn: TurnId(1), reply: ReplyId(2) }), Secrecy::Open);
            flight.input(Duration::ZERO, &key('8'), Secrecy::Unknown);
            flight.packet(Duration::ZERO, rtp());
            flight.input(Duration::ZERO, &key('2'), Secrecy::Open);
        });
        let text = format!("{:?}", flight.lines);
        assert!(!["7391", "pin", "Digit(7)", "Digit(8)"].iter().any(|secret| text.contains(secret)), "{text}");
        let payloads: Vec<bool> = flight
            .lines
            .iter()
            .filter_map(|line| if let Line::Rtp(_, rtp) = line { Some(rtp.payload.is_some()) } else { None })
            .collect();
        assert_eq!(payloads, [true, false, true], "withheld until the caller has been answered");
        assert_eq!(flight.lines.last(), Some(&Line::In(0, key('2'))));
        assert!(flight.head.packets);
    }

    #[test]
    fn a_turn_is_veiled_for_the_dialogue_as_it_was_for_the_call_and_with_all_that_it_goes_on_from() {
        let said = |turn| Prompt::Said { turn: TurnId(turn), transcript: Transcript::of_text("two four", Language::EN, "test") };
        let start = |turn| Output::Action(Action::StartReply { reply: ReplyId(turn), prompt: said(turn) });
        kept(|flight| {
            flight.input(Duration::ZERO, &Input::Timeout, Secrecy::Open);
            flight.output(&start(1), Secrecy::Open);
            flight.input(Duration::ZERO, &Input::Timeout, Secrecy::Unknown);
            assert!(!flight.veils(&Prompt::Greeting), "nobody's words are in it");
            assert!(!flight.veils(&said(1)), "what the reply will ask for does not change what was said before it");
            flight.output(&start(2), Secrecy::Secret);
            flight.output(&start(3), Secrecy::Open);
            assert!(flight.veils(&said(3)), "the second was dropped undecided: its words are told with the third's");
            flight.input(Duration::ZERO, &Input::Timeout, Secrecy::Open);
            flight.output(&start(4), Secrecy::Open);
            assert!(!flight.veils(&said(4)));
        });
    }

    #[test]
    fn what_is_no_flight_says_where() {
        let call = CallId::new("x").expect("an id");
        let whole = Flight { head: head(&call), lines: vec![Line::In(5, Input::Answered)] };
        assert_eq!(Flight::read(&*whole.to_bytes()).expect("whole"), whole);
        let of_later = Flight { head: Head { format: FORMAT + 1, ..head(&call) }, ..whole.clone() };
        let text = |bytes: &[u8]| Flight::read(bytes).expect_err("refused").to_string();
        assert!(text(&of_later.to_bytes()).contains("format 3"));
        assert!(text(b"RIFF").contains("no head"));
        let packed = |text: &str| super::super::file::packed(text.as_bytes()).expect("memory takes it");
        let second = [whole.to_bytes(), packed("{\"in\":[5,\"dance\"]}\n")].concat();
        assert!(text(&second).starts_with("line 3: unknown variant `dance`"), "{}", text(&second));
        let cut = whole.to_bytes();
        assert!(text(&cut[..cut.len() - 9]).starts_with("line "), "{}", text(&cut[..cut.len() - 9]));
    }
}
