//! Splits a sentence into the clauses that are synthesised one by one.
//! Never splits a number, an abbreviation, an address or a character, and never changes the text.

/// A piece of text that is spoken in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clause<'a> {
    /// The words with their punctuation.
    pub text: &'a str,
    /// The pause after it, in milliseconds at the voice's own rate.
    pub pause_ms: u32,
}

/// A first clause of more units than this is cut before a joining word: its sound must be early.
const FIRST_MAX: usize = 48;
/// Any later clause of more units than this is.
const LATER_MAX: usize = 120;
/// A later clause of fewer units is joined to what follows a mere comma.
const LATER_MIN: usize = 12;
/// A cut at a joining word leaves at least this on both sides.
const CUT_MIN: usize = 14;

/// After these a full stop ends no sentence.
const ABBREVIATIONS: [&str; 26] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "ave", "rd", "no", "nr", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "inc",
    "ltd", "co", "jr", "sr", "dept", "approx", "ext",
];

/// A long clause may be cut before one of these, where a speaker would breathe.
const JOINING: [&str; 22] = [
    "and", "or", "but", "because", "that", "which", "who", "when", "where", "while", "if", "so", "before", "after", "until",
    "for", "with", "from", "on", "at", "by", "as",
];

/// The clauses of a text, in order; together they are the text without the white space between them.
///
/// Text that has nothing to speak (no letter, digit or ideograph) gives no clause.
pub fn clauses(text: &str) -> Vec<Clause<'_>> {
    let mut found: Vec<Clause<'_>> = Vec::new();
    let mut start = 0;
    for (end, pause_ms) in breaks(text) {
        let piece = text.get(start..end).unwrap_or_default();
        // A comma soon after the last break only pauses; the first clause is taken however short it is.
        let short = pause_ms < STOP_MS && end < text.len() && !found.is_empty() && units(piece) < LATER_MIN;
        if !short && speakable(piece) {
            let max = if found.is_empty() { FIRST_MAX } else { LATER_MAX };
            push(piece.trim(), pause_ms, max, &mut found);
            start = end;
        }
    }
    found
}

const STOP_MS: u32 = 280;
const COMMA_MS: u32 = 130;
/// A cut at a joining word has no pause of its own.
const CUT_MS: u32 = 30;

/// Where clauses may end: byte offsets behind the punctuation, with the pause; the text's end is always the last.
fn breaks(text: &str) -> Vec<(usize, u32)> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, mark)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let Some(pause_ms) = pause(mark, next, text.get(..at).unwrap_or_default()) else { continue };
        // Closing quotes and repeated marks belong to the clause they close.
        while chars.peek().is_some_and(|&(_, next)| closes(next)) {
            chars.next();
        }
        found.push((chars.peek().map_or(text.len(), |&(next, _)| next), pause_ms));
    }
    if found.last().is_none_or(|&(end, _)| end < text.len()) {
        found.push((text.len(), STOP_MS));
    }
    found
}

/// The pause a mark makes between what is before it and `next`; `None` where it ends no clause.
fn pause(mark: char, next: Option<char>, before: &str) -> Option<u32> {
    let open = next.is_none_or(|next| next.is_whitespace() || closes(next) || !next.is_ascii());
    match mark {
        '。' | '！' | '？' | '\n' | '…' => Some(STOP_MS),
        '，' | '；' | '：' => Some(COMMA_MS),
        '、' => Some(COMMA_MS / 2),
        '!' | '?' if open => Some(STOP_MS),
        '.' if open && !abbreviated(before) => Some(STOP_MS),
        ',' | ';' | ':' if open => Some(COMMA_MS),
        '—' | '–' if next.is_some_and(char::is_whitespace) => Some(COMMA_MS),
        _ => None,
    }
}

fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '」' | '』' | '）' | '》' | '.' | '!' | '?' | '。' | '！' | '？')
}

/// Whether the last word is one after which a full stop ends nothing: an abbreviation or a single letter.
fn abbreviated(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let letters = word.chars().count();
    letters == 1 && word.chars().all(char::is_alphabetic) || ABBREVIATIONS.contains(&word.to_ascii_lowercase().as_str())
}

fn speakable(piece: &str) -> bool {
    piece.chars().any(char::is_alphanumeric)
}

/// How long a piece sounds: a letter is one unit, an ideograph (a syllable) three.
fn units(piece: &str) -> usize {
    piece.trim().chars().map(|c| if c.is_ascii() || !c.is_alphabetic() { 1 } else { 3 }).sum()
}

/// Takes a piece, cut before joining words until none is longer than `max`, as far as there are such words.
fn push<'a>(piece: &'a str, pause_ms: u32, max: usize, found: &mut Vec<Clause<'a>>) {
    match cut(piece, max) {
        Some((head, tail)) => {
            found.push(Clause { text: head, pause_ms: CUT_MS });
            push(tail, pause_ms, LATER_MAX, found);
        }
        None => found.push(Clause { text: piece, pause_ms }),
    }
}

/// Cuts a piece longer than `max` before the last joining word that keeps its head within `max`, else before the first one.
fn cut(piece: &str, max: usize) -> Option<(&str, &str)> {
    if units(piece) <= max {
        return None;
    }
    let mut chosen = None;
    for (space, _) in piece.match_indices(' ') {
        let (head, tail) = piece.split_at_checked(space)?;
        let word = tail.split_whitespace().next().unwrap_or_default();
        let joins = JOINING.contains(&word.to_ascii_lowercase().as_str());
        if joins && units(head) >= CUT_MIN && units(tail) >= CUT_MIN && (units(head) <= max || chosen.is_none()) {
            chosen = Some((head, tail.trim_start()));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        clauses(text).into_iter().map(|clause| clause.text).collect()
    }

    #[test]
    fn punctuation_of_both_languages_ends_clauses() {
        assert_eq!(texts("Hello, how may I help you? I am here."), ["Hello,", "how may I help you?", "I am here."]);
        assert_eq!(
            texts("您好，您的订单已经发货，预计星期二送达。还有别的吗？"),
            ["您好，", "您的订单已经发货，", "预计星期二送达。", "还有别的吗？"]
        );
    }

    #[test]
    fn numbers_abbreviations_and_addresses_stay_whole() {
        assert_eq!(texts("It costs 1,299.50 today."), ["It costs 1,299.50 today."]);
        assert_eq!(texts("Dr. J. Smith is here at 12:30."), ["Dr. J. Smith is here at 12:30."]);
        assert_eq!(texts("Write to a.b@shop.com, www.shop.com/x."), ["Write to a.b@shop.com,", "www.shop.com/x."]);
        assert_eq!(texts("We open at 9 a.m. every day."), ["We open at 9 a.m. every day."]);
    }

    #[test]
    fn closing_quotes_stay_with_their_clause() {
        assert_eq!(texts("She said \"Wait!\" Then left."), ["She said \"Wait!\"", "Then left."]);
        assert_eq!(texts("他说：“好的。”然后走了。"), ["他说：", "“好的。”", "然后走了。"]);
        assert_eq!(texts("What?! No..."), ["What?!", "No..."]);
    }

    #[test]
    fn a_long_first_clause_is_cut_early_where_a_speaker_breathes() {
        let text = "Your order with the two blue lamps has shipped and will arrive on Tuesday afternoon.";
        let found = texts(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found.join(" "), text);
        assert!(found[0].len() < 60, "{found:?}");
    }

    #[test]
    fn short_later_commas_pause_inside_a_clause() {
        assert_eq!(texts("We have lamps. Red, blue, and green ones."), ["We have lamps.", "Red, blue, and green ones."]);
    }

    #[test]
    fn a_full_stop_pauses_longer_than_a_comma() {
        let pauses: Vec<u32> = clauses("Yes, please do it. Good.").iter().map(|clause| clause.pause_ms).collect();
        assert!(pauses[0] < pauses[1], "{pauses:?}");
    }

    #[test]
    fn nothing_to_speak_is_no_clause() {
        for text in ["", "   ", "...", "?!", "——"] {
            assert!(clauses(text).is_empty(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn clauses_are_the_text_in_order(text in "[ a-z0-9.,!?;:您好，。、？！\n\"'@é😀-]{0,120}") {
            let joined: String = clauses(&text).iter().map(|clause| clause.text).collect();
            let spoken = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(spoken(&joined), spoken(&text));
        }
    }
}
