//! How the characters of Chinese names are read: initial and rhyme, without the tone.
//! Data of common surnames and given names; a character that is not in it is compared as it stands.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::sounds::Sound;

/// Syllables and the characters read so, as they are common in names.
const READINGS: &str = "\
ai 艾爱 an 安 bai 白柏百 ban 班 bao 包鲍宝保 bei 贝北蓓 bi 毕碧 bian 卞边 bin 斌彬宾滨 bing 冰兵炳秉 bo 博波柏 bu 卜步 cai 蔡才彩采 cao 曹草操 cen 岑 \
chang 常昌长畅 chao 超朝潮晁 che 车 chen 陈晨辰臣琛沉 cheng 程成诚城承澄呈 chi 迟池 chong 崇冲 chu 楚储褚初 chuan 川传 chun 春纯淳 cong 聪丛从 cui 崔翠 \
da 达大 dai 戴代黛 dan 丹单旦 dao 道 de 德 deng 邓登 di 迪狄笛 ding 丁定鼎 dong 董东冬栋 dou 窦 du 杜都 duan 段端 dun 敦 e 娥峨鄂 en 恩 er 尔 fa 发法 fan 范樊凡帆繁 \
fang 方芳房 fei 费飞菲斐霏 fen 芬 feng 冯峰锋凤风丰封枫 fu 傅付富福符扶芙 gan 甘 gang 刚钢岗 gao 高 ge 葛戈歌 geng 耿 gong 龚宫巩公 gu 顾古谷 guan 关管官 \
guang 光广 gui 桂贵 guo 郭国果 hai 海 han 韩汉涵寒晗翰 hang 航杭 hao 郝浩豪昊皓好 he 何贺和赫荷鹤河 heng 恒衡 hong 洪红宏鸿虹 hou 侯后厚 hu 胡虎护 hua 华花化 \
huai 怀 huan 欢环焕 huang 黄煌皇凰 hui 惠慧辉晖会卉 huo 霍 ji 季纪姬吉继济积计冀 jia 贾佳家嘉甲 jian 简建健剑坚俭 jiang 江姜蒋将疆 jiao 焦娇姣 jie 杰洁解婕捷 \
jin 金晋靳进锦瑾今津 jing 井景京静晶菁敬婧靖 jiu 久 ju 居菊巨 juan 娟 jue 珏觉 jun 军君俊钧骏均 kai 凯开恺 kang 康 ke 柯克可科 kong 孔空 kuang 邝 kui 奎魁 kun 坤昆 \
lai 赖来 lan 兰蓝岚澜 lang 郎朗 lao 劳 lei 雷蕾磊 leng 冷 li 李黎厉励力丽立莉利理礼栗 lian 连廉莲 liang 梁良亮 liao 廖 lin 林琳霖临麟 ling 凌玲灵岭铃 liu 刘柳留 \
long 龙隆 lou 娄楼 lu 卢鲁陆路露璐禄 luo 罗骆洛络 lun 伦 lv 吕绿 ma 马麻 mai 麦迈 man 满曼 mao 毛茅茂 mei 梅美眉 men 门 meng 孟蒙梦萌 mi 米 mian 勉 miao 苗妙 min 闵敏民珉 \
ming 明鸣铭 mo 莫墨 mu 穆牧慕木沐 na 娜那 nan 南楠男 nie 聂 ning 宁凝 niu 牛 nuo 诺 ou 欧区 pan 潘盼攀 pang 庞 pei 裴佩沛培 peng 彭鹏朋 ping 平萍屏 pu 蒲浦璞 qi 齐戚祁琪奇启琦其七 \
qian 钱倩谦茜千 qiang 强蔷 qiao 乔巧 qin 秦勤琴钦 qing 青清庆晴卿 qiong 琼 qiu 邱秋丘裘 qu 曲屈瞿 quan 全权泉 ran 冉然 rao 饶 ren 任仁人 rong 荣容蓉融 rou 柔 ru 茹如汝 ruan 阮 rui 瑞睿锐蕊 run 润 \
ruo 若 sa 萨 sai 赛 sang 桑 sen 森 sha 沙莎 shan 单山珊姗善 shang 尚商 shao 邵少绍韶 she 佘 shen 沈申慎深 sheng 盛胜生升圣 shi 石史施时世诗师士仕 shou 寿守 shu 舒书淑树 shuai 帅 shuang 双爽 shui 水 \
shun 顺舜 si 司思斯 song 宋松 su 苏素肃 sui 隋遂 sun 孙 tai 泰太 tan 谭谈檀 tang 唐汤堂 tao 陶涛桃韬 teng 滕腾 tian 田天甜恬 tie 铁 ting 婷庭廷 tong 童佟彤同桐 tu 涂屠 wan 万婉宛 wang 王汪旺望 \
wei 魏韦卫伟维威薇巍微蔚为 wen 文温闻雯 weng 翁 wu 吴武伍邬午 xi 席习希西熙曦玺 xia 夏霞侠 xian 贤先显仙宪 xiang 向项祥香湘翔 xiao 肖萧晓小笑潇 xie 谢解协 xin 辛新欣鑫心馨昕 xing 邢星兴幸 xiong 熊雄 \
xiu 秀修 xu 徐许旭绪 xuan 宣轩萱璇 xue 薛雪学 xun 荀勋迅 ya 亚雅娅 yan 严颜阎闫燕言岩艳妍彦 yang 杨阳羊洋扬 yao 姚尧瑶耀 ye 叶业烨 yi 易伊毅益怡艺逸一依仪义 yin 尹殷银音茵 ying 应英颖莹盈影 yong 勇永雍咏 you 尤游友 \
yu 于余俞喻宇玉雨羽瑜钰渝 yuan 袁元源远媛园 yue 岳月悦越 yun 云韵芸 zang 臧 zeng 曾 zhan 詹展占战 zhang 张章彰 zhao 赵昭照 zhe 哲喆 zhen 甄真珍振震 zheng 郑正政征铮 zhi 支志智芝之 zhong 钟仲忠中 \
zhou 周洲舟 zhu 朱祝诸竹珠 zhuang 庄 zhuo 卓 zi 子紫梓姿资 zong 宗 zou 邹 zu 祖 zuo 左佐";

const INITIALS: &[&str] =
    &["zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w", ""];
const RHYMES: &[&str] = &[
    "a", "ai", "an", "ang", "ao", "e", "ei", "en", "eng", "er", "i", "ia", "ian", "iang", "iao", "ie", "in", "ing", "iong", "iu",
    "o", "ong", "ou", "u", "ua", "uai", "uan", "uang", "ue", "ui", "un", "uo", "v",
];
/// Where the sounds of syllables begin among all sounds: behind ASCII.
const FIRST_INITIAL: Sound = 128;
const FIRST_RHYME: Sound = 160;

static TABLE: LazyLock<BTreeMap<char, [Sound; 2]>> = LazyLock::new(|| {
    let words: Vec<&str> = READINGS.split_whitespace().collect();
    let entries = words.chunks_exact(2).flat_map(|pair| pair[1].chars().map(|c| (c, syllable(pair[0]))));
    entries.filter_map(|(c, sounds)| Some((c, sounds?))).collect()
});

/// Initial and rhyme of a character, if it is in the table.
pub(super) fn of(character: char) -> Option<[Sound; 2]> {
    TABLE.get(&character).copied()
}

/// The sound of an initial.
pub(super) fn initial(spelling: &str) -> Option<Sound> {
    INITIALS.iter().position(|i| *i == spelling).map(|at| FIRST_INITIAL + at as Sound)
}

/// The sound of a rhyme.
pub(super) fn rhyme(spelling: &str) -> Option<Sound> {
    RHYMES.iter().position(|r| *r == spelling).map(|at| FIRST_RHYME + at as Sound)
}

fn syllable(spelling: &str) -> Option<[Sound; 2]> {
    let consonant = INITIALS.iter().find(|i| spelling.starts_with(**i))?;
    Some([initial(consonant)?, rhyme(spelling.strip_prefix(consonant)?)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_fall_into_initial_and_rhyme() {
        let sounds = |i, r| Some([initial(i).unwrap(), rhyme(r).unwrap()]);
        assert_eq!((of('张'), of('欧'), of('李'), of('龘')), (sounds("zh", "ang"), sounds("", "ou"), sounds("l", "i"), None));
    }

    #[test]
    fn the_table_is_whole() {
        let words: Vec<&str> = READINGS.split_whitespace().collect();
        assert!(words.len() > 400 && words.len().is_multiple_of(2));
        for pair in words.chunks(2) {
            assert!(syllable(pair[0]).is_some() && pair[1].chars().all(|c| !c.is_ascii()), "{pair:?}");
        }
    }
}
