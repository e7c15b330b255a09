//! Mandarin characters in the phone set of the en-us model: character → pinyin → English phones.
//! A makeshift for grammars of a few words: tones are lost, and it was never tried on people.

/// Toneless pinyin and the characters read so; a character may stand under several. `v` is ü.
const READINGS: &str = "\
a 啊阿 ai 爱 an 安按案 ba 八吧爸把 bai 百白拜 ban 办半班搬版 bang 帮 bao 包保报宝 bei 北被备杯 ben 本 bi 比必笔币 bian 变便遍边 biao 表标 bie 别 \
bing 病并 bo 拨波播 bu 不部步补 can 参餐 ce 测册 cha 查差茶 chan 产 chang 长常场 chao 超 che 车撤 chen 陈 cheng 成程城称 chi 吃迟 chong 重充冲 \
chu 出处除 chuan 传穿 ci 次词此 cong 从 cuo 错 da 打大达答 dai 代带贷待 dan 单但担 dang 当 dao 到道导倒 de 的得德 deng 等登 di 地第低弟 dian 点电店 \
diao 掉调 ding 订定丁 diu 丢 dong 东动懂 dou 都 du 度 duan 段短断 dui 对队 duo 多 e 饿 er 二儿而 fa 发法 fan 返反饭范 fang 方放房 fei 费非飞 \
fen 分份 feng 风 fu 服付复福父 gai 改该 gan 感干 gang 刚港 gao 高告 ge 个各哥 gei 给 gen 跟根 geng 更 gong 工公功共 gou 购够 gu 故顾古 gua 挂 \
guan 关管馆 guang 广光 gui 贵规归 guo 国过果郭 hai 还海害 han 汉含 hang 行航 hao 好号 he 和合何河 hen 很 heng 横 hou 后候 hu 户互胡 hua 话化花划 \
huai 坏 huan 换还欢环 huang 黄 hui 会回汇 huo 货或活 ji 几机记级急及寄己季基计 jia 家加价假 jian 件见间建减检 jiang 将讲奖 jiao 叫交教缴 jie 接节解借结 \
jin 今进金近 jing 经京精 jiu 九就久 ju 局据句 juan 卷 jue 觉决 ka 卡 kai 开 kan 看 kao 考 ke 可客科课刻 kong 空控 kou 口扣 ku 库 kuai 快块 kuan 款宽 \
la 拉 lai 来 lan 兰蓝 lao 老 le 了乐 lei 类 leng 冷 li 里理力李离利例礼 lian 联连 liang 两量亮 liao 料 lin 林临 ling 零领另 liu 六流刘 long 龙 \
lou 楼 lu 路录陆 lv 旅律绿 luo 罗 ma 吗妈马码 mai 买卖 man 满慢 mang 忙 mao 毛 me 么 mei 没每美 men 们门 mi 密 mian 面免 min 民 ming 明名 mo 默末 \
mu 目母 na 那拿哪 nan 南难男 ne 呢 nei 内 neng 能 ni 你 nian 年 nin 您 niu 牛 nv 女 ou 欧 pai 派排 pei 配陪 peng 朋 pi 批皮 pian 片 piao 票 pin 品 \
ping 平评 po 破 qi 七起期其气 qian 钱前千签 qiang 强 qiao 桥 qin 亲 qing 请清情 qiu 求 qu 取去区 quan 全权 que 确缺 qun 群 ran 然 rang 让 re 热 \
ren 人任认 ri 日 rong 容 ru 如入 ruan 软 san 三 se 色 sha 啥 shan 山删 shang 上商 shao 少 she 设 shen 什身申深 sheng 生声省升 shi 是时事十市式使实试师识室 \
shou 收手售首 shu 数输书 shua 刷 shui 水谁税 shun 顺 shuo 说 si 四司 song 送 su 诉速素 suan 算 sui 岁 sun 孙损 suo 所 ta 他她它 tai 台太 tan 谈 \
tang 堂 tao 套 te 特 ti 题提体 tian 天填 tiao 条 tie 贴 ting 听停 tong 通同 tou 头投 tu 图 tui 退推 tuo 托 wai 外 wan 万完晚 wang 网王往忘 wei 为位未卫 \
wen 问文 wo 我 wu 五物务误无午吴 xi 西系息习喜希 xia 下 xian 现先线 xiang 想向项 xiao 小消销 xie 谢些写 xin 新信心 xing 行性星姓型 xiu 修 xu 需许续徐 \
xuan 选 xue 学 xun 询 ya 押 yan 验严 yang 样杨 yao 要药幺 ye 也业页夜 yi 一以意已 yin 因银 ying 应营英 yong 用 you 有右又邮优 yu 于语预余 yuan 元员原远 \
yue 月约 yun 运云 za 杂 zai 在再 zan 咱 zao 早 ze 责 zen 怎 zeng 增 zhan 站 zhang 张账帐章 zhao 找赵 zhe 这 zhen 真 zheng 正证政 zhi 知只支直纸止至之 \
zhong 中种钟 zhou 周 zhu 主住注助朱 zhuan 转 zhuang 装状 zhun 准 zi 自子字 zong 总 zou 走 zu 组租 zui 最 zuo 做作坐左昨 ling 〇 xiao 小 jie 姐 shi 士 \
en 嗯 tui 退 huo 货 yao 要 mai 买 lei 类 fu 复 bang 帮 chong 重 zhong 重 hai 还 dou 都 liao 了 sheng 省 cheng 成 xing 兴 hu 护 cha 插 bao 保 qi 器 ka 卡 gua 挂 shi 失";

const INITIALS: &[(&str, &str)] = &[
    ("zh", "JH"),
    ("ch", "CH"),
    ("sh", "SH"),
    ("b", "B"),
    ("p", "P"),
    ("m", "M"),
    ("f", "F"),
    ("d", "D"),
    ("t", "T"),
    ("n", "N"),
    ("l", "L"),
    ("g", "G"),
    ("k", "K"),
    ("h", "HH"),
    ("j", "JH"),
    ("q", "CH"),
    ("x", "SH"),
    ("r", "R"),
    ("z", "D Z"),
    ("c", "T S"),
    ("s", "S"),
];

const FINALS: &[(&str, &str)] = &[
    ("a", "AA"),
    ("o", "AO"),
    ("e", "AH"),
    ("i", "IY"),
    ("u", "UW"),
    ("v", "Y UW"),
    ("ai", "AY"),
    ("ei", "EY"),
    ("ao", "AW"),
    ("ou", "OW"),
    ("an", "AA N"),
    ("en", "AH N"),
    ("ang", "AA NG"),
    ("eng", "AH NG"),
    ("ong", "UH NG"),
    ("er", "AA R"),
    ("ia", "Y AA"),
    ("ie", "Y EH"),
    ("iao", "Y AW"),
    ("iu", "Y OW"),
    ("ian", "Y EH N"),
    ("in", "IY N"),
    ("iang", "Y AA NG"),
    ("ing", "IY NG"),
    ("iong", "Y UH NG"),
    ("ua", "W AA"),
    ("uo", "W AO"),
    ("uai", "W AY"),
    ("ui", "W EY"),
    ("uan", "W AA N"),
    ("un", "W AH N"),
    ("uang", "W AA NG"),
    ("ue", "Y UW EH"),
    ("ve", "Y UW EH"),
];

/// The pronunciations of one character in English phones, one a reading; none for a character the table lacks.
pub fn phones_of(word: &str) -> Vec<String> {
    let mut characters = word.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else { return Vec::new() };
    let words: Vec<&str> = READINGS.split_whitespace().collect();
    let mut readings: Vec<String> =
        words.chunks_exact(2).filter(|pair| pair[1].contains(character)).filter_map(|pair| syllable(pair[0])).collect();
    readings.sort();
    readings.dedup();
    readings
}

/// A toneless pinyin syllable in English phones.
fn syllable(pinyin: &str) -> Option<String> {
    let initial = INITIALS.iter().find(|(spelling, _)| pinyin.starts_with(spelling));
    let (onset, rhyme) = match initial {
        Some((spelling, sound)) => (*sound, pinyin.strip_prefix(spelling)?.to_owned()),
        None => ("", rhyme_of_vowel(pinyin)),
    };
    // The buzzed vowels after retroflexes and sibilants, and ü written u after j q x.
    let sound = match (initial.map(|(spelling, _)| *spelling), rhyme.as_str()) {
        (Some("zh" | "ch" | "sh" | "r"), "i") => "ER",
        (Some("z" | "c" | "s"), "i") => "IH",
        (Some("j" | "q" | "x"), "u") => "Y UW",
        (Some("f" | "b" | "p" | "m"), "o") => "W AO",
        (_, rhyme) => FINALS.iter().find(|(spelling, _)| *spelling == rhyme).map(|(_, sound)| *sound)?,
    };
    Some(format!("{onset} {sound}").trim().to_owned())
}

/// The rhyme of a syllable that begins with a vowel, as it is written after a consonant: `you` is `iu`.
fn rhyme_of_vowel(pinyin: &str) -> String {
    match pinyin {
        "yi" | "yin" | "ying" | "wu" => pinyin.chars().skip(1).collect(),
        "yu" => "v".to_owned(),
        "yue" => "ve".to_owned(),
        "yuan" | "yun" => pinyin.replacen('y', "", 1),
        "you" => "iu".to_owned(),
        "wei" => "ui".to_owned(),
        "wen" => "un".to_owned(),
        _ => pinyin.replacen('y', "i", 1).replacen('w', "u", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_sound_like_their_pinyin() {
        for (character, phones) in
            [("是", "SH ER"), ("不", "B UW"), ("好", "HH AW"), ("幺", "Y AW"), ("六", "L Y OW"), ("转", "JH W AA N")]
        {
            assert_eq!(phones_of(character), [phones], "{character}");
        }
        assert_eq!(phones_of("行").len(), 2, "háng and xíng");
        assert!(phones_of("龘").is_empty() && phones_of("是的").is_empty());
    }

    #[test]
    fn every_syllable_of_the_table_has_phones() {
        for pinyin in READINGS.split_whitespace().step_by(2) {
            assert!(pinyin.is_ascii() && syllable(pinyin).is_some(), "{pinyin}");
        }
    }
}
