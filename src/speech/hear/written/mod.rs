//! Spoken numbers as they are written: "four two seven one" → "4271", "double five" → "55", 一二三 → 123.
//! Never changes words that are no number, and leaves a lone "one" alone unless a number was asked for.

mod chinese;
mod english;

use crate::talk::{Expectation, Language};

/// The text with its numbers as digits, as far as they were meant as numbers under this expectation.
pub fn written(text: &str, language: Language, expectation: &Expectation) -> String {
    let asked = matches!(
        expectation,
        Expectation::Digits { .. }
            | Expectation::Spelling
            | Expectation::Date
            | Expectation::Time
            | Expectation::Amount
            | Expectation::Number
            | Expectation::Address
    );
    let spelling = matches!(expectation, Expectation::Spelling | Expectation::Address);
    if language == Language::ZH { chinese::written(text, asked) } else { english::written(text, asked, spelling) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Expectation = Expectation::Digits { min: 4, max: 16, sensitive: false };

    #[test]
    fn numbers_are_written_as_the_caller_meant_them() {
        for (spoken, expectation, wanted) in [
            ("four two seven one", CARD, "4271"),
            ("double five oh triple nine", CARD, "550999"),
            ("one", CARD, "1"),
            ("i want one", Expectation::Open, "i want one"),
            ("where is order four two seven one please", Expectation::Open, "where is order 4271 please"),
            ("twenty three", Expectation::Open, "23"),
            ("one hundred and five dollars and twenty cents", Expectation::Amount, "105 dollars and 20 cents"),
            ("two thousand three hundred", Expectation::Amount, "2300"),
            ("twelve point five", Expectation::Amount, "12.5"),
            ("nineteen eighty four", Expectation::Open, "1984"),
            ("march the twenty first", Expectation::Date, "march the 21"),
            ("march twenty first twenty twenty six", Expectation::Date, "march 21 2026"),
            ("the second one", Expectation::Open, "the second one"),
            ("a. b. c. four double seven", Expectation::Spelling, "ABC477"),
            ("bravo x-ray one", Expectation::Spelling, "BX1"),
            ("b. for bravo", Expectation::Spelling, "B"),
            ("oh no", Expectation::YesNo, "oh no"),
        ] {
            assert_eq!(written(spoken, Language::EN, &expectation), wanted, "{spoken}");
        }
    }

    #[test]
    fn chinese_numbers_are_written_as_digits() {
        for (spoken, expectation, wanted) in [
            ("四二七幺", CARD, "4271"),
            ("一", CARD, "1"),
            ("一样", Expectation::Open, "一样"),
            ("订单一二三零", Expectation::Open, "订单1230"),
            ("二十三块", Expectation::Amount, "23块"),
            ("一百零五", Expectation::Amount, "105"),
            ("十二月三号", Expectation::Date, "12月3号"),
            ("两千三百", Expectation::Amount, "2300"),
            ("三万", Expectation::Amount, "30000"),
            ("星期三", Expectation::Date, "星期三"),
        ] {
            assert_eq!(written(spoken, Language::ZH, &expectation), wanted, "{spoken}");
        }
    }
}
