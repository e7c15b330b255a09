//! Takes what a caller said or keyed out of a flight while a secret is asked for.
//! Never changes what the call decides by: whether there were words, how many digits, and which keys end an entry.

use crate::call::{Action, Event, Input, Output};
use crate::privacy::Pii;
use crate::talk::{Digit, Hint, Prompt, Transcript};

/// The key that stands for every digit.
const SOME_KEY: Digit = Digit::from_event(0).expect("there is a key 0");

/// The input without the caller's own words and digits.
#[must_use]
pub fn veil(input: Input) -> Input {
    match input {
        Input::Digit(key) => Input::Digit(key.number().map_or(key, |_| SOME_KEY)),
        Input::Typed(transcript) => Input::Typed(hidden(transcript)),
        Input::Partial { turn, transcript } => Input::Partial { turn, transcript: hidden(transcript) },
        Input::Hint(hint) => Input::Hint(hidden_hint(&hint)),
        Input::Recognised { turn, result } => Input::Recognised { turn, result: result.map(hidden) },
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
            let prompt = match prompt {
                Prompt::Said { turn, transcript } => Prompt::Said { turn, transcript: hidden(transcript) },
                Prompt::Keyed { turn, keys } => Prompt::Keyed { turn, keys: Pii::new(stars(keys.reveal())) },
                Prompt::Hinted { hint } => Prompt::Hinted { hint: hidden_hint(&hint) },
                other @ (Prompt::Greeting
                | Prompt::NoInput { .. }
                | Prompt::NoMatch { .. }
                | Prompt::Trouble
                | Prompt::Closing { .. }) => other,
            };
            Output::Action(Action::StartReply { reply, prompt })
        }
        Output::Event(Event::Transcript { turn, transcript }) => {
            Output::Event(Event::Transcript { turn, transcript: hidden(transcript) })
        }
        Output::Event(Event::Digit { turn, digit: _ }) => Output::Event(Event::Digit { turn, digit: SOME_KEY }),
        other @ (Output::Timeout(_) | Output::Action(_) | Output::Event(_)) => other,
    }
}

fn hidden(transcript: Transcript) -> Transcript {
    Transcript { text: stars(&transcript.text), words: Vec::new(), alternatives: Vec::new(), ..transcript }
}

fn hidden_hint(hint: &Hint) -> Hint {
    let veiled = |text: &Pii<String>| Pii::new(stars(text.reveal()));
    match hint {
        Hint::Steer(text) => Hint::Steer(veiled(text)),
        Hint::Say(text) => Hint::Say(veiled(text)),
        Hint::SayAnyway(text) => Hint::SayAnyway(veiled(text)),
        Hint::StepAside => Hint::StepAside,
        Hint::ComeBack => Hint::ComeBack,
    }
}

/// As many words and as many digits in each as there were, none of them told. Not even a word's length is: "four" would be known.
fn stars(text: &str) -> String {
    let zeros = |word: &str| word.chars().filter(|c| c.is_numeric()).map(|_| '0').collect::<String>();
    let hidden = text.split_whitespace().map(zeros).map(|zeros| if zeros.is_empty() { "***".to_owned() } else { zeros });
    hidden.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::{Language, ReplyId, TurnId};

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
