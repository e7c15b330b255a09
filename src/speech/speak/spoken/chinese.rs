//! Numbers in Chinese words.
//! Never uses 幺: machines are understood better with 一.

use super::Around;
use super::scan::{Amount, Number};

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const PLACES: [&str; 4] = ["", "十", "百", "千"];
const MYRIADS: [&str; 5] = ["", "万", "亿", "兆", "京"];
/// A number of three or more digits behind one of these names a thing.
const NAMING: [&str; 16] = [
    "号",
    "号码",
    "编号",
    "订单",
    "单号",
    "尾号",
    "验证码",
    "工单",
    "账号",
    "帐号",
    "卡号",
    "密码",
    "代码",
    "分机",
    "房间",
    "电话",
];
/// Before one of these the number 2 is 两.
const MEASURES: [&str; 42] = [
    "个", "位", "件", "天", "次", "年", "小时", "分钟", "周", "块", "元", "箱", "张", "条", "本", "种", "台", "部", "份", "单",
    "瓶", "杯", "盒", "包", "双", "套", "点", "遍", "间", "名", "笔", "公斤", "斤", "米", "万", "千", "亿", "只", "支", "秒",
    "封", "家",
];
const CURRENCIES: [(char, &str); 4] = [('$', "美元"), ('£', "英镑"), ('€', "欧元"), ('¥', "元")];

pub(super) fn read(number: &Number, around: &Around<'_>) -> String {
    match number {
        Number::Money(sign, amount) => {
            if *sign == '¥' && amount.fraction.len() <= 2 {
                return yuan(amount);
            }
            let unit = CURRENCIES.into_iter().find(|(known, _)| known == sign).map_or("元", |(_, unit)| unit);
            let amount = Amount { whole: amount.whole.clone(), fraction: amount.fraction.trim_end_matches('0').to_owned() };
            let two = amount.whole == "2" && amount.fraction.is_empty();
            format!("{}{unit}", if two { "两".to_owned() } else { decimal(&amount) })
        }
        Number::Percent(amount) => format!("百分之{}", decimal(amount)),
        Number::Date { year, month, day } => {
            format!("{}年{}月{}日", digits(&year.to_string()), cardinal(u64::from(*month)), cardinal(u64::from(*day)))
        }
        Number::Time { hour, minute } => time(*hour, *minute),
        Number::Phone(groups) => groups.iter().map(|group| digits(group)).collect::<Vec<_>>().join("，"),
        Number::Range(low, high) => format!("{}到{}", plain(low), plain(high)),
        Number::Ordinal(value) => format!("第{}", cardinal(*value)),
        Number::Decimal(amount) => decimal(amount),
        Number::Plain(text) => bare(text, around),
        Number::Code(text) => text
            .chars()
            .map(|c| c.to_digit(10).map_or_else(|| format!(" {} ", c.to_ascii_uppercase()), |d| DIGITS[d as usize].to_string()))
            .collect(),
    }
}

/// 十二元五角, 三元零五分, 两元; 两角 without any 元.
fn yuan(amount: &Amount) -> String {
    let two = |n: &str| if n == "2" { "两".to_owned() } else { plain(n) };
    let cents = format!("{:0<2}", amount.fraction);
    let (jiao, fen) = (cents.chars().next().unwrap_or('0'), cents.chars().nth(1).unwrap_or('0'));
    let mut said = if amount.whole == "0" && cents != "00" { String::new() } else { format!("{}元", two(&amount.whole)) };
    match (jiao, fen) {
        ('0', '0') => {}
        ('0', fen) if said.is_empty() => said.push_str(&format!("{}分", two(&fen.to_string()))),
        ('0', fen) => said.push_str(&format!("零{}分", plain(&fen.to_string()))),
        (jiao, '0') => said.push_str(&format!("{}角", plain(&jiao.to_string()))),
        (jiao, fen) => said.push_str(&format!("{}角{}分", plain(&jiao.to_string()), plain(&fen.to_string()))),
    }
    said
}

/// A bare run of digits, read by what stands beside it.
fn bare(text: &str, around: &Around<'_>) -> String {
    let after = around.after.trim_start();
    if text.len() == 11 && text.starts_with('1') {
        return mobile(text);
    }
    if text == "2" && MEASURES.iter().any(|measure| after.starts_with(measure)) {
        return "两".to_owned();
    }
    let year = text.len() == 4 && after.starts_with('年');
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if year || leading_zero || text.len() >= 5 || text.len() >= 3 && named(around.before) { digits(text) } else { plain(text) }
}

/// A mobile number in its usual groups of three, four and four.
fn mobile(text: &str) -> String {
    let said: Vec<char> = digits(text).chars().collect();
    let groups = [&said[..3], &said[3..7], &said[7..]];
    groups.map(|group| group.iter().collect::<String>()).join("，")
}

fn named(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '：', ':', '是', '为', '#']);
    NAMING.iter().any(|name| before.ends_with(name))
}

fn time(hour: u8, minute: u8) -> String {
    let hour = if hour == 2 { "两".to_owned() } else { cardinal(u64::from(hour)) };
    match minute {
        0 => format!("{hour}点"),
        1..=9 => format!("{hour}点零{}分", cardinal(u64::from(minute))),
        _ => format!("{hour}点{}分", cardinal(u64::from(minute))),
    }
}

fn decimal(amount: &Amount) -> String {
    let whole = plain(&amount.whole);
    if amount.fraction.is_empty() { whole } else { format!("{whole}点{}", digits(&amount.fraction)) }
}

fn plain(text: &str) -> String {
    text.parse().map_or_else(|_| digits(text), cardinal)
}

fn digits(text: &str) -> String {
    text.chars().filter_map(|c| c.to_digit(10)).map(|digit| DIGITS[digit as usize]).collect()
}

/// In groups of four digits, each with its myriad; one 零 for any run of zeros inside.
fn cardinal(value: u64) -> String {
    if value == 0 {
        return DIGITS[0].to_string();
    }
    let mut said = String::new();
    let mut gap = false;
    for myriad in (0..MYRIADS.len()).rev() {
        let group = value / 10_000_u64.pow(myriad as u32) % 10_000;
        if group == 0 {
            gap = !said.is_empty();
            continue;
        }
        if !said.is_empty() && (gap || group < 1_000) {
            said.push(DIGITS[0]);
        }
        // 两万, 两亿; but 二 at the very end.
        said.push_str(&if group == 2 && myriad > 0 { "两".to_owned() } else { within_myriad(group) });
        said.push_str(MYRIADS[myriad]);
        gap = false;
    }
    // 十二, not 一十二.
    said.strip_prefix("一十").map(|rest| format!("十{rest}")).unwrap_or(said)
}

fn within_myriad(group: u64) -> String {
    let mut said = String::new();
    let mut gap = false;
    for place in (0..PLACES.len()).rev() {
        let digit = (group / 10_u64.pow(place as u32) % 10) as usize;
        if digit == 0 {
            gap = !said.is_empty();
            continue;
        }
        if gap {
            said.push(DIGITS[0]);
        }
        said.push(if digit == 2 && place == 3 { '两' } else { DIGITS[digit] });
        said.push_str(PLACES[place]);
        gap = false;
    }
    said
}

#[cfg(test)]
mod tests {
    use crate::speech::speak::spoken::spoken;
    use crate::talk::Language;

    fn check(cases: &[(&str, &str)]) {
        for (written, said) in cases {
            assert_eq!(spoken(written, Language::ZH), *said, "{written}");
        }
    }

    #[test]
    fn what_names_a_thing_is_read_digit_by_digit() {
        check(&[
            ("您的订单4271已经发货。", "您的订单四二七一已经发货。"),
            ("订单号是 4271。", "订单号是 四二七一。"),
            ("尾号0042的卡", "尾号零零四二的卡"),
            ("请拨打13800138000。", "请拨打一三八，零零一三，八零零零。"),
            ("电话 010-6552-9988", "电话 零一零，六五五二，九九八八"),
            ("单号AB12", "单号 A  B 一二"),
        ]);
    }

    #[test]
    fn counts_and_amounts_are_read_as_numbers() {
        check(&[
            ("有4271件", "有四千二百七十一件"),
            ("共10件、12件、110件", "共十件、十二件、一百一十件"),
            ("1,005个和 10,010 个", "一千零五个和 一万零一十 个"),
            ("¥1,299.50", "一千二百九十九元五角"),
            ("共12.05元。", "共十二元零五分。"),
            ("12.34元", "十二元三角四分"),
            ("0.50元", "五角"),
            ("￥２", "两元"),
            ("$20", "二十美元"),
            ("打了8.5折，省15%", "打了八点五折，省百分之十五"),
            ("3-5天", "三到五天"),
            ("共1,000,200元", "共一百万零二百元"),
            ("20,000", "两万"),
        ]);
    }

    #[test]
    fn two_is_liang_before_a_measure_word_and_er_otherwise() {
        check(&[
            ("2个", "两个"),
            ("2 件", "两 件"),
            ("请按2。", "请按二。"),
            ("2月2日", "二月二日"),
            ("2号", "二号"),
            ("12个", "十二个"),
            ("2000米", "两千米"),
            ("2天", "两天"),
        ]);
    }

    #[test]
    fn dates_and_times_are_read_as_such() {
        check(&[
            ("2026-05-12送达", "二零二六年五月十二日送达"),
            ("2026年5月12日", "二零二六年五月十二日"),
            ("下午2:05", "下午两点零五分"),
            ("14:30到20:00", "十四点三十分到二十点"),
        ]);
    }
}
