//! What every pack has without writing it: prompts, and requests that belong to no flow (repeat, agent, good-bye …).
//! Never company-specific: a pack may reword each of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::talk::{Closing, Language};

use super::source::Source;
use super::template::RawText;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in a pack's files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

named! {
    /// Something the bot says that belongs to no flow.
    Cue {
        /// Must be heard at the start of every call: that this is a machine.
        Disclosure => "disclosure",
        /// Must be heard where calls are recorded: that they are.
        Recorded => "recorded",
        /// The first question.
        Greeting => "greeting",
        /// After a request is served.
        AnythingElse => "anything_else",
        /// The caller was silent, first time.
        NoInput1 => "no_input_1",
        /// Second time.
        NoInput2 => "no_input_2",
        /// Third time.
        NoInput3 => "no_input_3",
        /// The caller was not understood, first time.
        NoMatch1 => "no_match_1",
        /// Second time; the keypad menu follows.
        NoMatch2 => "no_match_2",
        /// Third time; a person follows.
        NoMatch3 => "no_match_3",
        /// What somebody who talked for long is about: `wishes`, a list.
        SummedUp => "summed_up",
        /// Somebody who talked for long was not understood.
        InASentence => "in_a_sentence",
        /// Something of ours failed.
        Trouble => "trouble",
        /// A tool failed.
        ToolTrouble => "tool_trouble",
        /// Ending: silence.
        ClosingNoInput => "closing_no_input",
        /// Ending: never understood.
        ClosingNoMatch => "closing_no_match",
        /// Ending: the longest call.
        ClosingTooLong => "closing_too_long",
        /// Ending: the line shuts down.
        ClosingShutdown => "closing_shutdown",
        /// One line of the keypad menu: `about`, `key`.
        MenuItem => "menu_item",
        /// The line of the menu for a person: `key`.
        MenuAgent => "menu_agent",
        /// Did you mean `first`?
        ClarifyOne => "clarify_one",
        /// Did you mean `first` or `second`?
        ClarifyTwo => "clarify_two",
        /// Yes or no was asked and neither came.
        YesOrNo => "yes_or_no",
        /// The caller is handed to a person.
        Handoff => "handoff",
        /// A question without an answer in the knowledge; the offer of a person follows.
        NoAnswer => "no_answer",
        /// Shall a person take over?
        OfferPerson => "offer_person",
        /// The caller could not be identified; the offer of a person follows.
        NotIdentified => "not_identified",
        /// Too many wrong answers; the offer of a person follows.
        Locked => "locked",
        /// Good-bye.
        Goodbye => "goodbye",
        /// A flow was given up at the caller's wish.
        Cancelled => "cancelled",
        /// The caller cannot tell what is asked for; the offer of a person follows.
        NotAtHand => "not_at_hand",
        /// There is nothing to cancel or correct.
        NothingToCancel => "nothing_to_cancel",
        /// An interrupted flow goes on: `about`.
        Resume => "resume",
        /// Part of a number was told; the caller may go on.
        GoOn => "go_on",
        /// The caller wants a moment.
        Wait => "wait",
        /// Before saying it again, slower.
        Slower => "slower",
        /// Before saying it again, louder.
        Louder => "louder",
        /// The conversation goes on in this language.
        Switched => "switched",
        /// The caller asks for a language this pack has not got.
        NotThatLanguage => "not_that_language",
        /// While something takes long.
        Filler => "filler",
        /// While an open question's answer takes long.
        Acknowledge => "acknowledge",
        /// The same, after a yes, a no or a choice.
        AcknowledgeAnswer => "acknowledge_answer",
        /// The same, after a number, a date or a name.
        AcknowledgeValue => "acknowledge_value",
        /// A deed came to its end while the caller interrupted; its outcome follows.
        MeanwhileDone => "meanwhile_done",
        /// What a caller means by a photo of a code that is a number and nothing else: `code`.
        PhotoCode => "photo_code",
        /// A photo on which nothing was read.
        PhotoUnread => "photo_unread",
        /// "Are you a robot?"
        Robot => "robot",
        /// "What can you do?": `topics`.
        Help => "help",
        /// "Hello."
        Hello => "hello",
        /// "Thanks."
        Thanks => "thanks",
        /// Insults.
        Abuse => "abuse",
        /// An emergency.
        Emergency => "emergency",
        /// May this caller be remembered?
        RememberAsk => "remember_ask",
        /// The caller said yes to it.
        RememberYes => "remember_yes",
        /// The caller said no to it.
        RememberNo => "remember_no",
        /// A request was left open the last time, shall it go on: `about`, `subject`.
        ResumeLast => "resume_last",
        /// The same, to a caller who has only greeted.
        ResumeHello => "resume_hello",
        /// "What do you know about me?", of a caller who is remembered: `topics`, `subject`.
        Known => "known",
        /// The same, of a caller who is not.
        KnownNothing => "known_nothing",
        /// "Forget me": it is done.
        Forgotten => "forgotten",
        /// The bot goes on after an operator had the caller.
        Back => "back",
        /// How satisfied is the caller, from 1 to 5?
        RateAsk => "rate_ask",
    }
}

named! {
    /// A request that every pack understands.
    HouseIntent {
        /// A person, please.
        Handoff => "handoff",
        /// Good-bye.
        Goodbye => "goodbye",
        /// Leave it.
        Cancel => "cancel",
        /// Say that again.
        Repeat => "repeat",
        /// Speak slower.
        Slower => "slower",
        /// Speak up.
        Louder => "louder",
        /// One moment.
        Wait => "wait",
        /// Are you a robot?
        Robot => "robot",
        /// What can you do?
        Help => "help",
        /// Hello.
        Hello => "hello",
        /// Thanks.
        Thanks => "thanks",
        /// Insults.
        Abuse => "abuse",
        /// An emergency.
        Emergency => "emergency",
        /// What do you know about me?
        WhatIsKnown => "what_is_known",
        /// Forget me.
        ForgetMe => "forget_me",
        /// Speak English.
        English => "english",
        /// Speak Chinese.
        Chinese => "chinese",
    }
}

impl Cue {
    /// What is said before we end a call.
    pub const fn closing(why: Closing) -> Self {
        match why {
            Closing::NoInput => Self::ClosingNoInput,
            Closing::NoMatch => Self::ClosingNoMatch,
            Closing::TooLong => Self::ClosingTooLong,
            Closing::Shutdown => Self::ClosingShutdown,
        }
    }

    /// The step of the silence ladder.
    pub const fn no_input(count: u8) -> Self {
        match count {
            0 | 1 => Self::NoInput1,
            2 => Self::NoInput2,
            _ => Self::NoInput3,
        }
    }

    /// The step of the not-understood ladder.
    pub const fn no_match(count: u8) -> Self {
        match count {
            0 | 1 => Self::NoMatch1,
            2 => Self::NoMatch2,
            _ => Self::NoMatch3,
        }
    }
}

/// What is written in `house.toml`, and what a pack may override with its own `[prompt.NAME]` and `[request.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct House {
    pub(super) prompt: BTreeMap<Cue, RawText>,
    pub(super) request: BTreeMap<HouseIntent, BTreeMap<Language, Vec<String>>>,
    pub(super) yes: BTreeMap<Language, Vec<String>>,
    pub(super) no: BTreeMap<Language, Vec<String>>,
}

/// The texts in the program.
pub(super) fn house() -> (Source, House) {
    let source = Source::of_text("house.toml", include_str!("house.toml"));
    let house = source.parse().expect("house.toml is part of the program and tested");
    (source, house)
}

#[cfg(test)]
mod tests {
    use super::super::template::Text;
    use super::*;

    #[test]
    fn every_prompt_and_request_is_there_in_both_languages() {
        let (source, house) = house();
        let mut faults = Vec::new();
        for cue in Cue::ALL {
            let raw = house.prompt.get(cue).unwrap_or_else(|| panic!("{cue:?} is missing"));
            Text::check(raw, &[Language::EN, Language::ZH], &source, &mut faults);
        }
        for intent in HouseIntent::ALL {
            for language in [Language::EN, Language::ZH] {
                assert!(house.request[intent][&language].len() >= 5, "{intent:?} {language}");
            }
        }
        assert_eq!(faults, []);
    }
}
