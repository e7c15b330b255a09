//! Which letters, digits and sounds are taken for one another on a telephone, and what a name sounds like.
//! Data, and the look-up in it; the groups follow the consonants that a telephone's 300 to 3,400 Hz cannot tell apart.

use std::sync::LazyLock;

use super::Kind;
use super::pinyin;

/// Letters and digits whose names end in the same vowel or differ in a consonant that the line swallows.
const CODES: &[(&str, f32)] = &[
    ("bdegptvcz3", 0.35),
    ("bdpv", 0.2),
    ("mn", 0.15),
    ("fsx", 0.2),
    ("fs", 0.15),
    ("ahjk8", 0.35),
    ("ah8", 0.25),
    ("jk", 0.2),
    ("59", 0.2),
    ("iy", 0.3),
    ("uqw2", 0.4),
    ("o0", 0.0),
    ("l1i", 0.4),
    ("ae", 0.35),
    ("iea", 0.4),
    // Mandarin: 幺 and 七 share a vowel's onset; 四 and 十, 六 and 九, 二 and 八, 一 and 七 blur.
    ("17", 0.2),
    ("69", 0.25),
    ("28", 0.45),
    ("14", 0.45),
    ("46", 0.45),
];
/// Letters of names, by how they are spoken.
const NAMES: &[(&str, f32)] = &[
    ("aeiouy", 0.4),
    ("iy", 0.1),
    ("ei", 0.2),
    ("ou", 0.25),
    ("bp", 0.3),
    ("dt", 0.3),
    ("gk", 0.3),
    ("ckq", 0.1),
    ("sz", 0.15),
    ("fv", 0.25),
    ("mn", 0.25),
    ("lr", 0.4),
    ("vw", 0.3),
    ("gj", 0.2),
    ("td", 0.3),
    ("fs", 0.4),
];
/// Initials and rhymes of pinyin that regions of China do not tell apart.
const PINYIN: &[(&str, &str, f32)] = &[
    ("zh-", "z-", 0.1),
    ("ch-", "c-", 0.1),
    ("sh-", "s-", 0.1),
    ("l-", "n-", 0.15),
    ("f-", "h-", 0.2),
    ("l-", "r-", 0.25),
    ("j-", "q-", 0.4),
    ("j-", "zh-", 0.4),
    ("q-", "ch-", 0.4),
    ("x-", "sh-", 0.4),
    ("x-", "s-", 0.4),
    ("b-", "p-", 0.4),
    ("d-", "t-", 0.4),
    ("g-", "k-", 0.4),
    ("-an", "-ang", 0.1),
    ("-en", "-eng", 0.1),
    ("-in", "-ing", 0.1),
    ("-ian", "-iang", 0.15),
    ("-uan", "-uang", 0.15),
    ("-ong", "-eng", 0.4),
    ("-ou", "-uo", 0.4),
    ("-ei", "-ui", 0.4),
    ("-ie", "-ue", 0.4),
    ("-i", "-v", 0.4),
    ("-u", "-v", 0.4),
];

/// A letter or digit by its ASCII code, a sound of Chinese (from 128), or a character by its code point.
pub(super) type Sound = u32;

/// Sounds below this have a place in the table of costs.
const SOUNDS: usize = 256;

/// What it costs to take one sound for another.
pub(super) struct Costs(Vec<f32>);

static OF_CODES: LazyLock<Costs> = LazyLock::new(|| Costs::new(CODES));
static OF_NAMES: LazyLock<Costs> = LazyLock::new(|| Costs::new(NAMES));

impl Costs {
    /// The costs for records of that kind.
    pub(super) fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Code => &OF_CODES,
            Kind::Name => &OF_NAMES,
        }
    }

    fn new(groups: &[(&str, f32)]) -> Self {
        let mut costs = Self(vec![1.0; SOUNDS * SOUNDS]);
        for (group, cost) in groups {
            for one in group.bytes() {
                group.bytes().for_each(|other| costs.lower(Sound::from(one), Sound::from(other), *cost));
            }
        }
        let sound = |text: &str| match text.strip_prefix('-') {
            Some(rhyme) => pinyin::rhyme(rhyme),
            None => pinyin::initial(text.trim_end_matches('-')),
        };
        for (one, other, cost) in PINYIN {
            if let (Some(one), Some(other)) = (sound(one), sound(other)) {
                costs.lower(one, other, *cost);
                costs.lower(other, one, *cost);
            }
        }
        costs
    }

    fn lower(&mut self, one: Sound, other: Sound, cost: f32) {
        let place = &mut self.0[one as usize * SOUNDS + other as usize];
        *place = place.min(cost);
    }

    /// From 0, the same, to 1, nothing in common.
    pub(super) fn cost(&self, heard: Sound, meant: Sound) -> f32 {
        match (heard as usize, meant as usize) {
            (one, other) if one == other => 0.0,
            (one, other) if one < SOUNDS && other < SOUNDS => self.0[one * SOUNDS + other],
            _ => 1.0,
        }
    }
}

/// A name as it is said: letters that are silent or doubled fall away, groups of letters that are one sound become one.
pub(super) fn of_name(name: &str) -> Vec<Sound> {
    const GROUPS: &[(&str, &str)] = &[
        ("ough", "o"),
        ("tch", "ch"),
        ("sch", "sh"),
        ("ph", "f"),
        ("ck", "k"),
        ("gh", "g"),
        ("wr", "r"),
        ("kn", "n"),
        ("wh", "w"),
        ("ee", "i"),
        ("ea", "i"),
        ("ie", "i"),
        ("ei", "i"),
        ("oo", "u"),
        ("ou", "u"),
        ("ai", "e"),
        ("ay", "e"),
        ("ey", "i"),
        ("x", "ks"),
        ("mc", "mac"),
        ("th", "t"),
    ];
    let mut sounds: Vec<Sound> = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let group = GROUPS.iter().find_map(|(letters, sound)| rest.strip_prefix(letters).map(|behind| (*sound, behind)));
        let (sound, behind) = group.unwrap_or_else(|| ("", rest.strip_prefix(first).unwrap_or_default()));
        let lone = sound.is_empty().then_some(first);
        for letter in sound.chars().chain(lone).map(Sound::from) {
            if sounds.last() != Some(&letter) {
                sounds.push(letter);
            }
        }
        rest = behind;
    }
    if sounds.len() > 3 && sounds.last() == Some(&Sound::from('e')) {
        sounds.pop();
    }
    sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_alike_costs_little() {
        let code = |a: char, b: char| Costs::of(Kind::Code).cost(a.into(), b.into());
        assert!(code('m', 'n') < code('b', 'e') && code('b', 'e') < code('b', 'x'));
        assert_eq!((code('5', '5'), code('b', 'x'), code('o', '0')), (0.0, 1.0, 0.0));
        let initial = |a, b| Costs::of(Kind::Name).cost(pinyin::initial(a).unwrap(), pinyin::initial(b).unwrap());
        assert!(initial("zh", "z") < 0.2 && initial("n", "l") < 0.2 && initial("zh", "b") > 0.9);
    }

    #[test]
    fn names_that_sound_the_same_are_the_same() {
        for (one, other) in [
            ("philip", "filip"),
            ("knight", "nigt"),
            ("lee", "li"),
            ("macdonald", "mcdonald"),
            ("anna", "ana"),
            ("katherine", "katerin"),
        ] {
            assert_eq!(of_name(one), of_name(other), "{one} {other}");
        }
    }
}
