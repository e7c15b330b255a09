//! Takes what a caller said or keyed out of a flight while a secret is asked for.
//! Never changes what the call decides by: whether there were words, how many digits, and which keys end an entry.

use crate::call::{Action, Event, Input, Output};
use crate::talk::{Digit, Transcript};

/// The key that stands for every digit.
const SOME_KEY: Digit = Digit::from_event(0).expect("there is a key 0");

/// The input without the caller's own words and digits.
#[must_use]
pub fn veil(input: Input) -> Input {
    match input {
        Input::Digit(key) => Input::Digit(key.number().map_or(key, |_| SOME_KEY)),
        Input::Typed(transcript) => Input::Typed(transcript.veiled()),
        Input::Partial { turn, transcript } => Input::Partial { turn, transcript: transcript.veiled() },
        Input::Hint(hint) => Input::Hint(hint.veiled()),
        Input::Recognised { turn, result } => Input::Recognised { turn, result: result.map(Transcript::veiled) },
        other @ (Input::Answered
        | Input::Tick { .. }
        | Input::Interrupt
        | Input::Language(_)
        | Input::Held(_)
        | Input::Sentence { .. }
        | Input::Acknowledgement { .. }
        | Input::ReplyEnded { .. }
        | Input::ReplyFailed { .. }
        | Input::AudioReady { .. }
        | Input::Synthesised { .. }
        | Input::TransferFailed
        | Input::Disconnected(_)
        | Input::Shutdown
        | Input::Timeout) => other,
    }
}

/// The same of what the call answered.
#[must_use]
pub fn veil_output(output: Output) -> Output {
    match output {
        Output::Action(Action::StartReply { reply, prompt }) => {
            Output::Action(Action::StartReply { reply, prompt: prompt.veiled() })
        }
        Output::Event(Event::Transcript { turn, transcript }) => {
            Output::Event(Event::Transcript { turn, transcript: transcript.veiled() })
        }
        Output::Event(Event::Digit { turn, digit: _ }) => Output::Event(Event::Digit { turn, digit: SOME_KEY }),
        other @ (Output::Timeout(_) | Output::Action(_) | Output::Event(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::Pii;
    use crate::talk::{Language, Prompt, ReplyId, TurnId};

    #[test]
    fn no_digit_and_no_word_is_left() {
        let turn = TurnId(1);
        let said = Transcript::of_text("four 271", Language::EN, "test");
        let told = |input: Input| serde_json::to_string(&veil(input)).unwrap();
        let texts = [
            told(Input::Digit(Digit::from_char('7').unwrap())),
            told(Input::Typed(said.clone())),
            told(Input::Partial { turn, transcript: said.clone() }),
            told(Input::Recognised { turn, result: Ok(said.clone()) }),
            format!("{:?}", veil_output(Output::Event(Event::Transcript { turn, transcript: said.clone() }))),
            format!("{:?}", veil_output(Output::Event(Event::Digit { turn, digit: Digit::from_char('7').unwrap() }))),
        ];
        assert!(texts.iter().all(|text| !text.contains('7') && !text.contains("four")), "{texts:?}");
        let prompt = Prompt::Keyed { turn, keys: Pii::new("4271".to_owned()) };
        let Output::Action(Action::StartReply { prompt: Prompt::Keyed { keys, .. }, .. }) =
            veil_output(Output::Action(Action::StartReply { reply: ReplyId(2), prompt }))
        else {
            panic!("it stays what it is");
        };
        assert_eq!(keys.reveal(), "0000");
    }

    #[test]
    fn what_the_call_decides_by_stays() {
        let hash = Input::Digit(Digit::from_char('#').unwrap());
        assert_eq!(veil(hash.clone()), hash);
        let Input::Typed(nothing) = veil(Input::Typed(Transcript::nothing(Language::EN, "test"))) else { unreachable!() };
        assert!(nothing.is_nothing());
    }
}
