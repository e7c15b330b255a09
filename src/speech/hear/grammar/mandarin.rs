//! Mandarin rules, one character a word: yes and no, digits, numbers, dates, amounts, and asking for a person.
//! Data and spelling only.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    ("before", "我 要 | 我 想 | 我 想 要 | 请 | 请 问 | 你 好 | 您 好 | 帮 我 | 请 帮 我 | 我 的 | 是"),
    ("lead", "嗯 | 是 | 我 的 | 号 码 是"),
    ("after", "谢 谢 | 吧 | 了 | 啊 | 可 以 吗 | 好 吗"),
    (
        "yes",
        "是 | 是 的 | 是 啊 | 对 | 对 的 | 对 啊 | 对 对 | 好 | 好 的 | 好 啊 | 行 | 可 以 | 没 错 | 没 问 题 | 确 认 | 确 定 | 当 然 | 要 | 嗯 | 需 要",
    ),
    (
        "no",
        "不 | 不 是 | 不 是 的 | 不 对 | 不 要 | 不 用 | 不 用 了 | 不 行 | 不 好 | 不 可 以 | 没 有 | 错 了 | 不 需 要 | 取 消 | 算 了",
    ),
    (
        "always",
        "[<before>] (人 工 | 转 人 工 | 人 工 服 务 | 转 人 工 服 务 | 找 客 服 | 客 服) [<after>] | 再 说 一 遍 | 帮 助 | 返 回 | 再 见",
    ),
    // What a listener hums while the bot speaks.
    ("listener", "嗯 | 嗯 嗯 | 啊"),
    ("tail", "谢 谢"),
    ("digit", "零 | 一 | 幺 | 二 | 两 | 三 | 四 | 五 | 六 | 七 | 八 | 九"),
    ("digits", "<digit>+ | <number>"),
    ("unit", "一 | 二 | 两 | 三 | 四 | 五 | 六 | 七 | 八 | 九"),
    ("below_hundred", "<unit> | [<unit>] 十 [<unit>]"),
    ("below_thousand", "<below_hundred> | <unit> 百 [[零] <below_hundred>]"),
    ("number", "<below_thousand> | <unit> 千 [[零] <below_thousand>] | <below_thousand> 万"),
    ("amount", "<number> (块 | 元 | 块 钱) [<unit>]"),
    (
        "date",
        "今 天 | 明 天 | 后 天 | 昨 天 | 前 天 | [下 | 上 | 这] (周 | 星 期) (一 | 二 | 三 | 四 | 五 | 六 | 日 | 天) | \
         <below_hundred> 月 <below_hundred> (号 | 日) | <below_hundred> 号",
    ),
    ("time", "[上 午 | 下 午 | 早 上 | 晚 上 | 中 午] <below_hundred> 点 [钟 | 半 | 一 刻 | 三 刻 | [零] <below_hundred> [分]]"),
    (
        "measure",
        "[百 分 之] <number> [点 <digit> [<digit>]] [个 月 | 期 | 年 [半] | 天 | 晚 | 个 小 时 | 分 钟 | 个 | 位] | 半 年 | 半 个 小 时",
    ),
    (
        "letter",
        "a. | b. | c. | d. | e. | f. | g. | h. | i. | j. | k. | l. | m. | n. | o. | p. | q. | r. | s. | t. | u. | v. | w. | x. | y. | z.",
    ),
    ("spelling", "(<letter> | <digit>)+"),
    ("name", "[我 叫 | 我 姓] <surname> [先 生 | 女 士 | 小 姐]"),
    ("surname", "王 | 李 | 张 | 刘 | 陈 | 杨 | 黄 | 赵 | 吴 | 周 | 徐 | 孙 | 马 | 朱 | 胡 | 林 | 郭 | 何 | 高 | 罗"),
];

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// One word a character; punctuation is left out, digits become characters, Latin letters become spelled letters.
pub(super) fn spelled(text: &str) -> Vec<String> {
    let word = |c: char| match c {
        '0'..='9' => Some(DIGITS[(c as u8 - b'0') as usize].to_string()),
        'a'..='z' | 'A'..='Z' => Some(format!("{}.", c.to_ascii_lowercase())),
        '\u{4e00}'..='\u{9fff}' => Some(c.to_string()),
        _ => None,
    };
    text.chars().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_word_a_character() {
        assert_eq!(spelled("订单 A7，谢谢。"), ["订", "单", "a.", "七", "谢", "谢"]);
    }
}
