//! What near matching gives, on single cases, as properties, and measured on made-up mishearings.

use proptest::prelude::*;

use super::*;

fn one(choice: &Choice) -> Option<usize> {
    match choice {
        Choice::One { index, .. } => Some(*index),
        Choice::Several(_) | Choice::None => None,
    }
}

#[test]
fn codes_that_were_heard_half_right() {
    let records = ["W2378", "B5821", "K9904", "M4410"];
    for (readings, expected) in [
        (&["W2378"][..], Some(0)),
        (&["w 2 3 7 8"], Some(0)),
        (&["D9821", "V5821"], Some(1)),
        (&["N4410"], Some(3)),
        (&["J5904"], Some(2)),
        (&["M441"], Some(3)),
        (&["x1111"], None),
        (&[""], None),
        (&[], None),
    ] {
        assert_eq!(one(&choose(readings, &records, Kind::Code)), expected, "{readings:?}");
    }
}

#[test]
fn names_by_their_sound_in_both_languages() {
    let records = ["Philip Smythe", "Anna Lee", "张伟", "李明", "陈静", "胡娜"];
    for (heard, expected) in
        [("filip smith", 0), ("ana li", 1), ("章卫", 2), ("黎明", 3), ("程静", 4), ("扶娜", 5), ("胡那", 5), ("王强", usize::MAX)]
    {
        let found = one(&choose(&[heard], &records, Kind::Name)).unwrap_or(usize::MAX);
        assert_eq!(found, expected, "{heard}");
    }
}

#[test]
fn two_that_are_as_near_are_both_offered() {
    assert_eq!(choose(&["m4410"], &["N4410", "F4410", "N4410"], Kind::Code), Choice::Several(vec![0, 2]));
    assert_eq!(choose(&["4 4 1 0"], &["44101", "44108", "99999"], Kind::Code), Choice::Several(vec![0, 1]));
}

#[test]
fn a_worse_reading_helps_but_counts_less() {
    let records = ["4271", "8693"];
    assert_eq!(one(&choose(&["xxxx", "4271"], &records, Kind::Code)), Some(0));
    assert!(matches!(choose(&["4271", "8693"], &records, Kind::Code), Choice::Several(_)), "two readings, two records");
}

proptest! {
    #[test]
    fn a_record_said_exactly_is_itself(records in proptest::collection::btree_set("[A-Z][0-9]{5}", 1..20), pick: prop::sample::Index) {
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let wanted = pick.index(records.len());
        match choose(&[records[wanted]], &records, Kind::Code) {
            Choice::One { index, margin } => {
                prop_assert_eq!(index, wanted);
                prop_assert!((0.0..=1.0).contains(&margin));
            }
            Choice::Several(several) => prop_assert_eq!(several[0], wanted, "nearest first"),
            Choice::None => prop_assert!(false, "it is there"),
        }
    }

    #[test]
    fn distances_are_symmetric_and_bounded(one in "[a-z0-9]{0,8}", other in "[a-z0-9]{0,8}") {
        let costs = Costs::of(Kind::Code);
        let there = distance(&sounds(&one, Kind::Code), &sounds(&other, Kind::Code), costs);
        let back = distance(&sounds(&other, Kind::Code), &sounds(&one, Kind::Code), costs);
        prop_assert!((there - back).abs() < 1e-5 && (0.0..=1.0).contains(&there));
    }

    #[test]
    fn any_readings_and_records_are_taken(readings in proptest::collection::vec("\\PC{0,8}", 0..3), records in proptest::collection::vec("\\PC{0,8}", 0..5)) {
        let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        for kind in [Kind::Code, Kind::Name] {
            if let Choice::One { index, .. } = choose(&readings, &records, kind) {
                prop_assert!(index < records.len());
            }
        }
    }
}

/// Xorshift: the same mishearings each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// What a telephone makes of letters and digits, in groups drawn up apart from the costs above.
const MISHEARD: &[&str] = &["bdeptvgc3", "mn", "fsx", "ahk8", "jk", "59", "iy", "qu", "17", "69"];

/// One reading: each sign is misheard with a chance of one in five (among its like, seldom as anything), or dropped.
fn misheard(code: &str, chance: &mut Chance) -> String {
    let any: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    let mut out = String::new();
    for sign in code.to_lowercase().chars() {
        let like: Vec<char> = MISHEARD.iter().find(|g| g.contains(sign)).map_or_else(Vec::new, |g| g.chars().collect());
        match chance.below(100) {
            0..=15 if !like.is_empty() => out.push(like[chance.below(like.len())]),
            16..=18 => out.push(any[chance.below(any.len())]),
            19 => {}
            _ => out.push(sign),
        }
    }
    out
}

#[test]
fn measured_on_made_up_mishearings() {
    let mut chance = Chance(0x5eed_cafe);
    let letters: Vec<char> = ('A'..='Z').collect();
    let code = |chance: &mut Chance| {
        let head: String = (0..2).map(|_| letters[chance.below(26)]).collect();
        format!("{head}{:05}", chance.below(100_000))
    };
    let records: Vec<String> = (0..500).map(|_| code(&mut chance)).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let (calls, strangers) = (250, 250);
    let (mut exact, mut right, mut offered, mut wrong) = (0, 0, 0, 0);
    for _ in 0..calls {
        let wanted = chance.below(records.len());
        let readings: Vec<String> = (0..3).map(|_| misheard(records[wanted], &mut chance)).collect();
        exact += usize::from(readings[0].eq_ignore_ascii_case(records[wanted]));
        let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
        match choose(&readings, &records, Kind::Code) {
            Choice::One { index, .. } if index == wanted => right += 1,
            Choice::Several(several) if several.contains(&wanted) => offered += 1,
            Choice::One { .. } => wrong += 1,
            Choice::Several(_) | Choice::None => {}
        }
    }
    let mut accepted = 0;
    for _ in 0..strangers {
        let stranger = code(&mut chance);
        let readings: Vec<String> = (0..3).map(|_| misheard(&stranger, &mut chance)).collect();
        let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
        accepted += usize::from(one(&choose(&readings, &records, Kind::Code)).is_some());
    }
    println!(
        "exact {exact}, right {right}, offered {offered}, wrong {wrong} of {calls}; strangers taken {accepted} of {strangers}"
    );
    assert!(exact * 100 <= 50 * calls, "the mishearings are too mild to show anything: {exact}");
    assert!((right + offered) * 100 >= 97 * calls, "rejected: {} of {calls}", calls - right - offered);
    assert!(wrong * 100 <= calls, "taken for another: {wrong} of {calls}");
    assert!(accepted * 100 <= 2 * strangers, "strangers taken: {accepted} of {strangers}");
}
