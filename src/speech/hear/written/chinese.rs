//! Chinese numbers: digit by digit (幺 too) and with 十 百 千 万.
//! Leaves a lone digit alone unless a number was asked for, and the names of weekdays always.

/// The number with the digits' characters as digits.
pub(super) fn written(text: &str, asked: bool) -> String {
    let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut out = String::new();
    let mut at = 0;
    while at < characters.len() {
        let run = characters[at..].iter().take_while(|c| digit(**c).is_some() || scale(**c).is_some()).count();
        let weekday = out.ends_with('周') || out.ends_with("星期");
        if run > 0 && !weekday && (asked || run >= 2) {
            out.push_str(&number(&characters[at..at + run]));
        } else {
            out.extend(&characters[at..at + run.max(1)]);
        }
        at += run.max(1);
    }
    out
}

fn digit(c: char) -> Option<u64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '幺' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn scale(c: char) -> Option<u64> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        '万' => 10_000,
        _ => return None,
    })
}

fn number(characters: &[char]) -> String {
    if !characters.iter().any(|c| scale(*c).is_some()) {
        return characters.iter().filter_map(|c| digit(*c)).map(|d| d.to_string()).collect();
    }
    let (mut total, mut group, mut last) = (0u64, 0u64, None);
    for &c in characters {
        match (digit(c), scale(c)) {
            (Some(d), _) => last = Some(d),
            (None, Some(10_000)) => {
                total = total.saturating_add((group + last.take().unwrap_or(0)).max(1).saturating_mul(10_000));
                group = 0;
            }
            (None, Some(s)) => group += last.take().unwrap_or(1).max(1) * s,
            (None, None) => {}
        }
    }
    total.saturating_add(group + last.unwrap_or(0)).to_string()
}
