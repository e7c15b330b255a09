//! Finds postal addresses, English (`flat 12, 34 High Street, SW1A 2AA`) and Chinese (`海淀区中关村大街27号院3号楼502室`).
//! Never hides a town, a district or a street without a house: only what leads to a door.

use std::ops::Range;

use super::Found;
use super::email::words;

const PLACEHOLDER: &str = "<address>";

/// Words that end a street's name and little else.
const STREETS: [&str; 16] = [
    "street",
    "road",
    "avenue",
    "lane",
    "boulevard",
    "crescent",
    "terrace",
    "highway",
    "parkway",
    "alley",
    "mews",
    "rd",
    "ave",
    "blvd",
    "str",
    "esplanade",
];
/// Words that end a street's name, and mean something else as well: only with a written number and capital letters.
const MAYBE_STREETS: [&str; 13] =
    ["st", "dr", "drive", "way", "court", "ct", "place", "close", "square", "gardens", "grove", "row", "park"];
const UNITS: [&str; 9] = ["flat", "apt", "apartment", "unit", "suite", "room", "floor", "house", "building"];
/// Numbers as they are said; a single `one` is more often somebody than a house.
const SAID: [&str; 28] = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "oh",
];
/// No street is called so.
const NO_NAMES: [&str; 22] = [
    "the", "a", "an", "on", "in", "at", "of", "to", "my", "your", "is", "it", "by", "for", "from", "and", "or", "down", "this",
    "days", "minutes", "hours",
];
/// So many words may name a street.
const LONGEST_NAME: usize = 3;
/// So many characters may stand between a street and its postcode.
const TO_POSTCODE: usize = 40;

/// Every address in the text.
pub(super) fn find(chars: &[char]) -> Vec<Found> {
    let found = english(chars).into_iter().chain(postcodes(chars, 0..chars.len())).chain(chinese(chars));
    found.map(|at| Found { at, placeholder: PLACEHOLDER }).collect()
}

fn english(chars: &[char]) -> Vec<Range<usize>> {
    let words = words(chars);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, (place, word)) in words.iter().enumerate() {
        let sure = STREETS.contains(&word.as_str());
        if !sure && !MAYBE_STREETS.contains(&word.as_str()) {
            continue;
        }
        let Some(first) = house(chars, &words[..at], sure) else { continue };
        let start = unit_before(&words, first).map_or(words[first].0.start, |unit| words[unit].0.start);
        let end = unit_after(chars, &words, at).map_or(place.end, |last| words[last].0.end);
        let reach = end..(end + TO_POSTCODE).min(chars.len());
        found.push(start..postcodes(chars, reach).first().map_or(end, |postcode| postcode.end));
    }
    found
}

/// The index of the house number that a street's name before its last word follows.
fn house(chars: &[char], before: &[(Range<usize>, String)], sure: bool) -> Option<usize> {
    let named = (1..=LONGEST_NAME).take_while(|n| before.len() > *n).take_while(|n| {
        let (place, word) = &before[before.len() - n];
        let capital = chars[place.start].is_uppercase();
        let letters = word.chars().all(|c| c.is_ascii_alphabetic()) || word.ends_with(|c: char| c.is_ascii_alphabetic());
        letters && !NO_NAMES.contains(&word.as_str()) && (sure || capital) && !SAID.contains(&word.as_str())
    });
    named
        .map(|n| before.len() - n - 1)
        .find(|&at| {
            let word = before[at].1.as_str();
            is_house_number(word) || sure && SAID.contains(&word)
        })
        .map(|at| (0..=at).rev().take_while(|&i| SAID.contains(&before[i].1.as_str())).last().unwrap_or(at))
}

/// `12`, `221b`.
fn is_house_number(word: &str) -> bool {
    let digits = word.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(word);
    (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `flat 12,` before a house number.
fn unit_before(words: &[(Range<usize>, String)], house: usize) -> Option<usize> {
    let unit = house.checked_sub(2)?;
    (UNITS.contains(&words[unit].1.as_str()) && words[house].0.start - words[house - 1].0.end <= 2).then_some(unit)
}

/// `, apt 4b` behind a street.
fn unit_after(chars: &[char], words: &[(Range<usize>, String)], street: usize) -> Option<usize> {
    let (unit, number) = (words.get(street + 1)?, words.get(street + 2)?);
    let near = chars[words[street].0.end..unit.0.start].iter().all(|c| " ,.#".contains(*c));
    (near && UNITS.contains(&unit.1.as_str()) && is_house_number(&number.1)).then_some(street + 2)
}

/// British postcodes (`SW1A 2AA`), and American ones behind a state (`CA 94103-1234`), in capitals.
fn postcodes(chars: &[char], within: Range<usize>) -> Vec<Range<usize>> {
    let offset = within.start;
    let places: Vec<_> = split(&chars[within]).into_iter().map(|r| r.start + offset..r.end + offset).collect();
    let neighbours = places.windows(2).filter(|pair| pair[1].start - pair[0].end == 1);
    let shape = |at: &Range<usize>| -> String {
        let class = |c: &char| {
            if c.is_ascii_uppercase() {
                'A'
            } else if c.is_ascii_digit() {
                '9'
            } else {
                *c
            }
        };
        chars[at.clone()].iter().map(class).collect()
    };
    neighbours
        .filter(|pair| match (shape(&pair[0]).as_str(), shape(&pair[1]).as_str()) {
            ("A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A", "9AA") => true,
            ("AA", "99999" | "99999-9999") => offset > 0,
            _ => false,
        })
        .map(|pair| pair[0].start..pair[1].end)
        .collect()
}

fn split(chars: &[char]) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for i in (0..chars.len()).filter(|&i| chars[i].is_ascii_alphanumeric() || chars[i] == '-') {
        match pieces.last_mut() {
            Some(piece) if piece.end == i => piece.end = i + 1,
            _ => pieces.push(i..i + 1),
        }
    }
    pieces
}

/// What a Chinese house number ends with.
const DOORS: [&str; 10] = ["号", "弄", "栋", "幢", "座", "单元", "室", "楼", "层", "院"];
/// What a Chinese street or estate ends with.
const ROADS: [&str; 15] = ["路", "段", "街", "道", "巷", "弄", "胡同", "小区", "花园", "苑", "村", "里", "园", "广场", "新城"];
/// Words after which an address begins.
const BEFORE: [&str; 12] = ["在", "到", "是", "给", "往", "址", "改成", "改为", "换成", "换为", "我家", "收货"];
/// So far back an address may begin before its first house number.
const LONGEST_ADDRESS: usize = 30;
/// No house number has more characters.
const LONGEST_NUMBER: usize = 6;
/// So many characters may name an estate between two house numbers.
const LONGEST_ESTATE: usize = 8;

fn chinese(chars: &[char]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let number = number_at(chars, at);
        let ends_road = number > 0 && ROADS.iter().any(|road| ends_with(chars, at, road));
        match door_at(chars, at + number).filter(|_| ends_road) {
            Some(end) => {
                let end = rest(chars, end);
                found.push(beginning(chars, at)..end);
                at = end;
            }
            None => at += number.max(1),
        }
    }
    found
}

/// How many characters of a house number stand here.
fn number_at(chars: &[char], at: usize) -> usize {
    let digit = |c: &&char| c.is_ascii_alphanumeric() || "０１２３４５６７８９零一二三四五六七八九十百-".contains(**c);
    let number = chars[at..].iter().take(LONGEST_NUMBER + 1).take_while(digit).count();
    if number <= LONGEST_NUMBER { number } else { 0 }
}

/// Where a house number's last word ends. A line of the underground is no house.
fn door_at(chars: &[char], at: usize) -> Option<usize> {
    let door = DOORS.iter().find(|door| starts_with(chars, at, door))?;
    let end = at + door.chars().count();
    (!chars.get(end).is_some_and(|c| "线口门".contains(*c))).then_some(end)
}

/// Everything behind a house number that still belongs to it: `院3号楼502室`, `阳光花园3栋502`.
fn rest(chars: &[char], mut end: usize) -> usize {
    loop {
        let after_door = door_at(chars, end).unwrap_or(end);
        let named =
            chars[after_door..].iter().take(LONGEST_ESTATE).take_while(|c| is_han(**c) && number_at(&[**c], 0) == 0).count();
        let step = (0..=named).find_map(|skip| {
            let number = number_at(chars, after_door + skip);
            let door = door_at(chars, after_door + skip + number);
            let bare = (skip == 0 && number >= 2).then_some(after_door + number);
            if number > 0 { door.or(bare) } else { None }
        });
        match step {
            Some(next) => end = next,
            None => return after_door,
        }
    }
}

/// Where the address that has a house number here begins.
fn beginning(chars: &[char], house: usize) -> usize {
    let earliest = house.saturating_sub(LONGEST_ADDRESS);
    let begins = |&at: &usize| at == earliest || !is_han(chars[at - 1]) || BEFORE.iter().any(|word| ends_with(chars, at, word));
    (earliest..house).rev().find(begins).unwrap_or(house)
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn starts_with(chars: &[char], at: usize, word: &str) -> bool {
    word.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c))
}

fn ends_with(chars: &[char], at: usize, word: &str) -> bool {
    at.checked_sub(word.chars().count()).is_some_and(|start| starts_with(chars, start, word))
}
