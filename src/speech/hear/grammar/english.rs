//! English rules: yes and no, digits, numbers, dates, amounts, spelling, names, and what people put around a request.
//! Data and spelling only.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    (
        "before",
        "um | uh | hello | hi | please | [<filler>] (i'd like to | i would like to | i want to | i need to | can i | could i | may i) | \
         [<filler>] (can you | could you | would you) [please] [tell me] | it's | it is | the number is | my number is | tell me | i'd like | i have a question about",
    ),
    ("lead", "um | uh | well | okay | it's | it is | the number is | my number is"),
    ("filler", "um | uh | hello | hi | well | so | okay | yes | no"),
    ("after", "please | thanks | thank you | now | today"),
    (
        "yes",
        "[um | oh] (yes | yeah | yep | yup | sure | okay | ok | correct | right | absolutely | definitely | exactly | certainly) \
         [please | thanks | thank you | that's right | that's correct | it is | i do | i am | go ahead | sure] | \
         that's right | that's correct | that is right | that is correct | of course | go ahead | sounds good | please do | i do | i think so | all right | \
         that's fine | yes of course | yes yes",
    ),
    (
        "no",
        "[um | oh] (no | nope | nah) [thanks | thank you | please | that's wrong | that's not right | not really | it isn't | i don't | never mind] | \
         that's wrong | that's not right | that is wrong | that's not correct | not really | i don't think so | of course not | no way | no no | \
         absolutely not | not at all | never | incorrect | wrong",
    ),
    (
        "always",
        "[um] [can i | could i | i want to | i'd like to | i need to | i would like to | please] (speak to | talk to | speak with) \
         <someone> [please] | [please] (get me | connect me to | transfer me to) <someone> [please] | (agent | operator | representative) [please] | \
         an (agent | operator) please | help me | i need help | help please | repeat | repeat that | say that again | pardon | what did you say | start over | \
         go back | main menu | goodbye | bye",
    ),
    // What a listener hums while the bot speaks.
    ("listener", "mm | mhm | mm hm | hm | hmm | uh-huh | i see | oh | ah"),
    (
        "someone",
        "an agent | a person | a human | a real person | someone | somebody | an operator | customer service | a colleague",
    ),
    ("tail", "please | thanks | thank you"),
    ("digit", "zero | oh | one | two | three | four | five | six | seven | eight | nine"),
    ("digits", "(<digit> | double <digit> | triple <digit>)+ | <number>"),
    ("unit", "one | two | three | four | five | six | seven | eight | nine"),
    ("teen", "ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen"),
    ("tens", "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety"),
    ("below_hundred", "<unit> | <teen> | <tens> [<unit>]"),
    ("below_thousand", "<below_hundred> | <unit> hundred [[and] <below_hundred>]"),
    ("number", "<below_thousand> [thousand [[and] <below_thousand>]]"),
    (
        "amount",
        "<number> [dollars | dollar | pounds | pound | euros | euro | bucks] [[and] <below_hundred> [cents | pence]] | \
         <below_hundred> point <digit> [<digit>]",
    ),
    ("month", "january | february | march | april | may | june | july | august | september | october | november | december"),
    (
        "ordinal",
        "first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | eleventh | twelfth | thirteenth | \
         fourteenth | fifteenth | sixteenth | seventeenth | eighteenth | nineteenth | twentieth | thirtieth | \
         (twenty | thirty) (first | second | third | fourth | fifth | sixth | seventh | eighth | ninth)",
    ),
    ("weekday", "monday | tuesday | wednesday | thursday | friday | saturday | sunday"),
    ("year", "twenty <below_hundred> | nineteen <below_hundred> | two thousand [[and] <below_hundred>]"),
    (
        "date",
        "[on] (today | tomorrow | yesterday | the day after tomorrow | [this | next | last] <weekday> | next week | last week | \
         [<weekday>] [the] <ordinal> [of] [<month>] [<year>] | [<weekday>] <month> [the] (<ordinal> | <below_hundred>) [<year>] | \
         <below_hundred> (days | weeks) ago | in <below_hundred> (days | weeks))",
    ),
    (
        "time",
        "[at] (noon | midnight | (half past | quarter past | quarter to | a quarter past | a quarter to) <hour> | \
         <hour> [oh <unit> | <below_hundred>] [o'clock] [<day_part>])",
    ),
    ("hour", "<unit> | ten | eleven | twelve"),
    ("day_part", "in the morning | in the afternoon | in the evening | tonight | a. m. | p. m."),
    (
        "measure",
        "<number> [point <digit> [<digit>]] [percent | months | month | years | year | days | day | nights | night | hours | hour | minutes] | \
         half a year | half an hour | an hour [and a half] | a year [and a half]",
    ),
    (
        "letter",
        "a. | b. | c. | d. | e. | f. | g. | h. | i. | j. | k. | l. | m. | n. | o. | p. | q. | r. | s. | t. | u. | v. | w. | x. | y. | z.",
    ),
    (
        "nato",
        "alpha | bravo | charlie | delta | echo | foxtrot | golf | hotel | india | juliet | kilo | lima | mike | november | oscar | papa | \
         quebec | romeo | sierra | tango | uniform | victor | whiskey | x-ray | yankee | zulu",
    ),
    ("spelling", "(<letter> | <nato> | <letter> (for | as in) <nato> | <digit> | double (<letter> | <digit>) | triple <digit>)+"),
    ("name", "[my name is | this is | i'm | i am] (<first> [<last>] | <last>) | <letter> <letter> <letter>+"),
    (
        "first",
        "james | mary | john | patricia | robert | jennifer | michael | linda | david | elizabeth | william | barbara | richard | susan | \
         joseph | jessica | thomas | sarah | charles | karen | daniel | lisa | matthew | nancy | anthony | betty | mark | sandra | paul | \
         ashley | steven | kimberly | andrew | emily | kenneth | donna | george | michelle | peter | anna | alice | laura | maria | wei | ming | li",
    ),
    (
        "last",
        "smith | johnson | williams | brown | jones | garcia | miller | davis | rodriguez | martinez | wilson | anderson | taylor | moore | \
         jackson | martin | lee | thompson | white | harris | clark | lewis | robinson | walker | young | allen | king | wright | hill | \
         green | baker | adams | nelson | carter | mitchell | roberts | turner | chen | wang | zhang | liu | yang | huang | wu | patel | singh | khan",
    ),
];

const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Lower case, no punctuation but the apostrophe, digits as words.
pub(super) fn spelled(text: &str) -> Vec<String> {
    let mut plain = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' => plain.push(c),
            '\'' | '’' => plain.push('\''),
            '0'..='9' => {
                plain.push(' ');
                plain.push_str(DIGITS[(c as u8 - b'0') as usize]);
                plain.push(' ');
            }
            '&' => plain.push_str(" and "),
            _ => plain.push(' '),
        }
    }
    plain.split_whitespace().map(|w| w.trim_matches('\'')).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_spelled_as_it_is_said() {
        assert_eq!(spelled("What’s up, 24/7?"), ["what's", "up", "two", "four", "seven"]);
    }
}
