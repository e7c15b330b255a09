//! The brain that is always there: the pack's phrases, the slots' grammars and what is being waited for.
//! Never says anything: it proposes commands.

use crate::business::flow::{Action, Collect, Flow, Slot, SlotKind};
use crate::business::{HouseIntent, Pack, Topic, tokens};
use crate::talk::Language;

use super::among::{self, Given};
use super::at_length::{is_long, wishes};
use super::session::{Frame, Session, Waiting};
use super::understand::lack::lacks;
use super::understand::numbers::without_numbers;
use super::understand::slots::Joined;
use super::understand::{ACT, CLARIFY, Ranked, Understanding, slots};
use super::{Command, Value, rating};

/// Two topics closer than this are both asked about.
const CLOSE: f32 = 0.15;
/// Words that stand for what was talked about.
const PRONOUNS: &[&str] = &["it", "that", "this", "那个", "这个", "它", "那单", "这单"];
/// Words between two requests in one sentence.
const JOINTS: &[&str] = &[" and also ", " and then ", " and ", " also ", "，", ",", "。", ". ", "还有", "另外", "顺便", "然后"];
/// Signs between the clauses of a sentence.
const CLAUSES: &[char] = &[',', '.', ';', '?', '!', '，', '。', '；', '？', '！'];
/// A correction of an answered question has at most this many other words.
const MOST_WORDS_AROUND: usize = 6;

/// The commands that a topic stands for.
pub(super) fn commands_for(topic: &Topic) -> Vec<Command> {
    vec![match topic {
        Topic::Flow(flow) => Command::StartFlow { flow: flow.clone() },
        Topic::Entry(entry) => Command::Answer { entry: entry.clone() },
        Topic::House(intent) => match intent {
            HouseIntent::Handoff => Command::Handoff,
            HouseIntent::Goodbye => Command::Goodbye,
            HouseIntent::Cancel => Command::Cancel,
            HouseIntent::Repeat => Command::Repeat,
            HouseIntent::Slower => Command::Slower,
            HouseIntent::Louder => Command::Louder,
            HouseIntent::Wait => Command::Wait,
            HouseIntent::English => Command::ChangeLanguage { language: Language::EN },
            HouseIntent::Chinese => Command::ChangeLanguage { language: Language::ZH },
            HouseIntent::Robot
            | HouseIntent::Help
            | HouseIntent::Hello
            | HouseIntent::Thanks
            | HouseIntent::Abuse
            | HouseIntent::Emergency
            | HouseIntent::WhatIsKnown
            | HouseIntent::ForgetMe => Command::ChitChat { topic: *intent },
        },
    }]
}

/// What the caller's words propose.
pub(super) fn propose(pack: &Pack, understanding: &Understanding, session: &Session, readings: &[&str]) -> Vec<Command> {
    let Some(words) = readings.first().copied().filter(|w| !w.trim().is_empty()) else { return vec![Command::NoMatch] };
    // A number alone answers a question; it asks for nothing.
    let ranked = if words_besides_numbers(words) == 0 { Vec::new() } else { ranked(understanding, words) };
    Brain { pack, understanding, session, readings, words, ranked }.commands()
}

/// What the words ask for. Where the whole is no clear request, one of its clauses may be.
fn ranked(understanding: &Understanding, words: &str) -> Vec<Ranked> {
    let whole = understanding.intents(words);
    let clear = |ranked: &[Ranked]| ranked.first().is_some_and(|best| best.score >= ACT);
    if clear(&whole) {
        return whole;
    }
    clearest_clause(understanding, words).unwrap_or(whole)
}

/// What the clearest of several clauses asks for; requests that every pack has are none here.
fn clearest_clause(understanding: &Understanding, words: &str) -> Option<Vec<Ranked>> {
    let clauses = words.split(CLAUSES).filter(|clause| tokens(clause).len() > 1 && clause.trim() != words.trim());
    let ranked = clauses.filter(|clause| words_besides_numbers(clause) > 1).map(|clause| understanding.intents(clause));
    let serious = ranked.filter(|ranked| ranked[0].score >= ACT && !matches!(ranked[0].topic, Topic::House(_)));
    serious.max_by(|a, b| a[0].score.total_cmp(&b[0].score))
}

struct Brain<'a> {
    pack: &'a Pack,
    understanding: &'a Understanding,
    session: &'a Session,
    /// The best reading of the caller's words first.
    readings: &'a [&'a str],
    words: &'a str,
    ranked: Vec<Ranked>,
}

impl Brain<'_> {
    fn commands(&self) -> Vec<Command> {
        self.rating()
            .or_else(|| self.urgent())
            .or_else(|| self.correction())
            .or_else(|| self.expected())
            .or_else(|| self.correction_of_last())
            .unwrap_or_else(|| self.request())
    }

    /// A number, where the caller was asked for a rating.
    fn rating(&self) -> Option<Vec<Command>> {
        let asked = self.session.waiting == Waiting::Rating;
        let stars = rating::stars(self.words).filter(|_| asked)?;
        Some(vec![Command::Rate { stars }])
    }

    /// A person, an emergency, another language: whatever is being asked for.
    fn urgent(&self) -> Option<Vec<Command>> {
        let best = self.best(ACT)?;
        let urgent = matches!(
            best,
            Topic::House(HouseIntent::Handoff | HouseIntent::Emergency | HouseIntent::English | HouseIntent::Chinese)
        );
        urgent.then(|| {
            let mut commands = commands_for(best);
            if matches!(best, Topic::House(HouseIntent::English | HouseIntent::Chinese))
                && let Some(asked) = clearest_clause(self.understanding, self.words)
            {
                commands.extend(self.begin(&asked[0].topic));
            }
            commands
        })
    }

    /// "No, 12346" while a value is read back or the next one is asked for.
    fn correction(&self) -> Option<Vec<Command>> {
        let frame = self.session.stack.last()?;
        let read_back = matches!(self.session.waiting, Waiting::Confirm | Waiting::Check);
        let denied = self.denies();
        if !read_back && !denied || self.understanding.yes_no(self.words) == Some(true) {
            return None;
        }
        self.other_value(frame).map(|(slot, value)| vec![Command::Correct { slot, value }])
    }

    /// What answers the question at hand.
    fn expected(&self) -> Option<Vec<Command>> {
        let answer = self.understanding.yes_no(self.words);
        match &self.session.waiting {
            Waiting::Slot => self.wanted_value().or_else(|| self.not_at_hand()),
            Waiting::Check | Waiting::Confirm | Waiting::Offer | Waiting::Remember(_) | Waiting::Resume => {
                Some(vec![self.yes_or_no(answer?)])
            }
            Waiting::Clarify(topics) => match (topics.as_slice(), answer) {
                ([topic], Some(true)) => Some(self.begin_clarified(topic)),
                (_, Some(false)) => Some(vec![Command::NoMatch]),
                (topics, _) => self.chosen(topics).map(|topic| self.begin_clarified(topic)),
            },
            Waiting::Anything if self.other_of_last().is_some() => None,
            Waiting::Anything => {
                let lone = self.best(ACT).is_none() || tokens(self.words).len() <= 2;
                answer.filter(|_| lone).map(|yes| vec![self.yes_or_no(yes)])
            }
            Waiting::Rating => answer.map(|yes| vec![self.yes_or_no(yes)]),
            Waiting::Menu | Waiting::Tool(_) | Waiting::Identity(_) | Waiting::Over => None,
        }
    }

    const fn yes_or_no(&self, yes: bool) -> Command {
        if yes { Command::Affirm } else { Command::Deny }
    }

    fn wanted_value(&self) -> Option<Vec<Command>> {
        let (name, slot) = self.session.wanted(self.pack)?;
        let free = matches!(slot.kind, SlotKind::Text | SlotKind::Name);
        // What happened, in a caller's own words, may sound like any topic of the pack; only requests about the talk itself count.
        if free && matches!(self.best(ACT), Some(Topic::House(_))) {
            return None;
        }
        if slot.kind == SlotKind::Name && lacks(self.words) {
            return None;
        }
        let frame = self.session.stack.last()?;
        let Some(value) = self.value(slot).or_else(|| self.record(frame, slot)) else { return self.dictated(name, slot) };
        // A flow that is under way, and waits for this very answer, is not asked for anew.
        let underway = |flow: &String| self.session.stack.iter().any(|frame| frame.flow == *flow);
        let elsewhere = self.best(ACT).filter(|t| matches!(t, Topic::Flow(flow) if !underway(flow)) && !self.as_answered(slot));
        match elsewhere {
            Some(topic) if matches!(slot.kind, SlotKind::Digits { .. }) => Some(self.begin(topic)),
            _ => Some(vec![Command::SetSlot { slot: name.to_owned(), value }]),
        }
    }

    /// "I don't have it with me": not what was asked for, and not something else.
    fn not_at_hand(&self) -> Option<Vec<Command>> {
        let elsewhere = self.best(ACT).is_some_and(|topic| match topic {
            Topic::Flow(flow) => self.session.stack.iter().all(|frame| frame.flow != *flow),
            Topic::Entry(_) => true,
            Topic::House(intent) => matches!(intent, HouseIntent::Cancel | HouseIntent::Goodbye | HouseIntent::Wait),
        });
        (!elsewhere && lacks(self.words)).then(|| vec![Command::NotAtHand])
    }

    /// A number that is told over several turns.
    fn dictated(&self, name: &str, slot: &Slot) -> Option<Vec<Command>> {
        match slots::joined(slot, &self.session.dictated, self.words)? {
            Joined::Whole(digits) => Some(vec![Command::SetSlot { slot: name.to_owned(), value: Value::Digits(digits) }]),
            Joined::Part(digits) if self.best(ACT).is_none() => Some(vec![Command::PartOfNumber { digits }]),
            Joined::Part(_) | Joined::Nothing => None,
        }
    }

    /// Whether the words are one of the ways to answer the question for that slot ("order 4271").
    fn as_answered(&self, slot: &Slot) -> bool {
        let said = without_numbers(self.words);
        slot.phrases.values().flatten().any(|phrase| without_numbers(&phrase.replace("{digits}", "1234")) == said)
    }

    /// The record on the table that the words choose.
    fn record(&self, frame: &Frame, slot: &Slot) -> Option<Value> {
        let flow = &self.pack.flows()[&frame.flow];
        let Action::Collect(collect) = &flow.steps.get(frame.step)?.action else { return None };
        self.record_of(frame, collect, slot)
    }

    fn record_of(&self, frame: &Frame, collect: &Collect, slot: &Slot) -> Option<Value> {
        let among = collect.among.as_ref()?;
        let rows = frame.results.get(&among.list)?["rows"].as_array()?;
        let readings: Vec<String> = self.readings.iter().map(|&words| words.to_owned()).collect();
        let given = Given { slot, value: None, readings: &readings, today: self.session.today };
        among::pick(among, rows, &given).map(|row| among::value_of(row, among, slot))
    }

    /// "No, 12346" or "what about 12346" after the answer was given.
    fn correction_of_last(&self) -> Option<Vec<Command>> {
        let (slot, value) = self.other_of_last()?;
        Some(vec![Command::Correct { slot, value }])
    }

    fn other_of_last(&self) -> Option<(String, Value)> {
        let last = self.session.last.as_ref().filter(|_| self.session.stack.is_empty())?;
        let elsewhere = matches!(self.best(ACT), Some(Topic::Flow(flow)) if *flow != last.flow);
        let few_words = without_numbers(self.words).len() <= MOST_WORDS_AROUND;
        if elsewhere || !few_words {
            return None;
        }
        self.other_value(last)
    }

    /// A value for one of the slots that differs from what it holds: one that is surely told, then an amount, then a record.
    /// Free text is no correction.
    fn other_value(&self, frame: &Frame) -> Option<(String, Value)> {
        let flow = &self.pack.flows()[&frame.flow];
        let other = |found: fn(&Self, &Frame, &str, &Slot) -> Option<Value>| {
            frame.slots.iter().find_map(|(name, held)| {
                let value = found(self, frame, name, &flow.slots[name])?;
                (value != *held).then(|| (name.clone(), value))
            })
        };
        other(|brain, _, _, slot| brain.value(slot).filter(|_| certain(slot)))
            .or_else(|| other(|brain, _, _, slot| brain.value(slot).filter(|_| matches!(slot.kind, SlotKind::Amount))))
            .or_else(|| other(|brain, frame, name, slot| brain.record_for(frame, name, slot)))
    }

    /// Another record for a slot that was chosen from a list before.
    fn record_for(&self, frame: &Frame, name: &str, slot: &Slot) -> Option<Value> {
        let steps = &self.pack.flows()[&frame.flow].steps;
        let collect = steps.iter().find_map(|step| match &step.action {
            Action::Collect(collect) if collect.slot == name => Some(collect),
            _ => None,
        });
        self.record_of(frame, collect?, slot)
    }

    /// Whatever the words ask for.
    fn request(&self) -> Vec<Command> {
        if is_long(self.words) {
            let wishes = wishes(self.understanding, self.words);
            if !wishes.is_empty() {
                return self.all_of(&wishes);
            }
        }
        if let Some(commands) = self.several() {
            return commands;
        }
        if let Some(topic) = self.best(ACT) {
            let commands = self.begin(topic);
            // Naming the flow that is waiting for a value is no answer to its question.
            return if commands.len() == 1 && self.at_hand(topic) { vec![Command::NoMatch] } else { commands };
        }
        if self.session.waiting == Waiting::Slot {
            // A doubtful word is no answer to the question at hand, and no reason to leave it.
            return vec![Command::NoMatch];
        }
        let candidates: Vec<&Ranked> =
            self.ranked.iter().take(2).filter(|r| r.score >= CLARIFY && !matches!(r.topic, Topic::House(_))).collect();
        let found = self.pack.knowledge().search(self.words);
        match (candidates.as_slice(), found.first()) {
            ([], _) => vec![Command::NoMatch],
            ([best, ..], Some((entry, _))) if best.topic == Topic::Entry(entry.id.clone()) && found.len() == 1 => {
                self.begin(&best.topic)
            }
            ([best, second], _) if best.score - second.score < CLOSE => {
                vec![Command::Clarify { topics: vec![best.topic.clone(), second.topic.clone()] }]
            }
            ([best, ..], _) => vec![Command::Clarify { topics: vec![best.topic.clone()] }],
        }
    }

    fn at_hand(&self, topic: &Topic) -> bool {
        let flow = self.session.stack.last().filter(|_| self.session.waiting == Waiting::Slot);
        flow.is_some_and(|frame| *topic == Topic::Flow(frame.flow.clone()))
    }

    /// Two requests in one sentence, each of which is sure by itself.
    fn several(&self) -> Option<Vec<Command>> {
        let joint = JOINTS.iter().find(|joint| self.words.contains(*joint))?;
        let parts: Vec<&str> = self.words.split(joint).filter(|p| !p.trim().is_empty()).collect();
        let mut topics: Vec<Topic> = Vec::new();
        for part in parts {
            // "And over 3 years" is no second request.
            if words_besides_numbers(part) <= 2 && part.chars().any(char::is_numeric) {
                return None;
            }
            let best = self.understanding.intents(part).into_iter().next().filter(|r| r.score >= ACT)?;
            if !topics.contains(&best.topic) {
                topics.push(best.topic);
            }
        }
        topics.retain(|topic| !matches!(topic, Topic::House(_)));
        (topics.len() >= 2).then(|| self.all_of(&topics))
    }

    /// Several requests: what is answered at once, then the flows.
    fn all_of(&self, topics: &[Topic]) -> Vec<Command> {
        let (flows, others): (Vec<_>, Vec<_>) = topics.iter().partition(|topic| matches!(topic, Topic::Flow(_)));
        others.into_iter().flat_map(commands_for).chain(flows.into_iter().flat_map(|topic| self.begin(topic))).collect()
    }

    /// A topic with the values that came with it, and what "it" stands for.
    fn begin(&self, topic: &Topic) -> Vec<Command> {
        let mut commands = commands_for(topic);
        if let Topic::Flow(flow) = topic {
            let flow = &self.pack.flows()[flow];
            commands.extend(flow.slots.iter().filter_map(|(name, slot)| {
                let value = self.told(slot).or_else(|| self.meant_by_it(flow, name).filter(|_| certain(slot)))?;
                Some(Command::SetSlot { slot: name.clone(), value })
            }));
        }
        commands
    }

    /// The topic that a clarifying question found out, with the values told before it was asked.
    fn begin_clarified(&self, topic: &Topic) -> Vec<Command> {
        let before = self.session.unclear.iter().map(String::as_str);
        let readings: Vec<&str> = self.readings.iter().copied().chain(before).collect();
        Brain { readings: &readings, ranked: Vec::new(), ..*self }.begin(topic)
    }

    /// The slot's value in a sentence that is about more than it.
    fn told(&self, slot: &Slot) -> Option<Value> {
        match slot.kind {
            SlotKind::Amount => self.readings.iter().find_map(|words| slots::told_amount(words)).map(Value::Amount),
            _ => self.value(slot).filter(|_| certain(slot)),
        }
    }

    fn meant_by_it(&self, flow: &Flow, slot: &str) -> Option<Value> {
        let words = tokens(self.words);
        let mut pronouns = PRONOUNS.iter().map(|p| tokens(p));
        if !pronouns.any(|p| words.windows(p.len()).any(|w| w == p.as_slice())) {
            return None;
        }
        let Some(before) = self.session.stack.last().or(self.session.last.as_ref()).filter(|f| f.flow != flow.id) else {
            return self
                .session
                .remembered_subject(self.pack, slot)
                .and_then(|told| Value::of_json(&flow.slots[slot].kind, told));
        };
        let value = before.slots.get(slot)?;
        let same_kind = self.pack.flows()[&before.flow].slots[slot].kind == flow.slots[slot].kind;
        same_kind.then(|| value.clone())
    }

    /// Which of the offered topics the words choose: by number, or by being nearest.
    fn chosen<'t>(&self, topics: &'t [Topic]) -> Option<&'t Topic> {
        let words = tokens(self.words);
        let says = |any: &[&str]| words.iter().any(|w| any.contains(&w.as_str()));
        if says(&["first", "former"]) || self.words.contains("第一") {
            return topics.first();
        }
        if says(&["second", "latter", "last"]) || self.words.contains("第二") {
            return topics.get(1);
        }
        let best = self.ranked.iter().find(|r| topics.contains(&r.topic)).filter(|r| r.score >= CLARIFY)?;
        topics.iter().find(|t| **t == best.topic)
    }

    fn denies(&self) -> bool {
        let first = tokens(self.words).first().cloned().unwrap_or_default();
        let leads = ["不", "错", "sorry", "actually", "wrong", "no", "not"];
        leads.contains(&first.as_str()) || self.understanding.yes_no(self.words) == Some(false)
    }

    fn best(&self, threshold: f32) -> Option<&Topic> {
        self.ranked.first().filter(|r| r.score >= threshold).map(|r| &r.topic)
    }

    /// The slot's value in the best reading that has one.
    fn value(&self, slot: &Slot) -> Option<Value> {
        self.readings.iter().find_map(|words| slots::value(slot, words, self.session.today))
    }
}

fn words_besides_numbers(words: &str) -> usize {
    without_numbers(words).iter().filter(|word| *word != "#").count()
}

/// Whether finding a value of this slot in a sentence means that it was told.
const fn certain(slot: &Slot) -> bool {
    match slot.kind {
        SlotKind::Digits { .. }
        | SlotKind::Code { .. }
        | SlotKind::Choice(_)
        | SlotKind::Date
        | SlotKind::Time
        | SlotKind::DateTime
        | SlotKind::Months
        | SlotKind::Duration
        | SlotKind::Percent
        | SlotKind::Phone
        | SlotKind::Email
        | SlotKind::Postcode => true,
        SlotKind::Amount | SlotKind::Number { .. } | SlotKind::Name | SlotKind::Record | SlotKind::Text => false,
    }
}
