//! Conversations with the bank, as text: each kind of request in both languages, who gets in and who does not, and what the
//! books say afterwards.

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::DialogueConfig;
use hotline::engine::reply::Dialogues;
use hotline::talk::{AfterReply, Language};
use tokio::sync::OnceCell;

use super::{Caller, assert_holds};

/// The bank's line, trained once for all tests of this process.
static BANK: OnceCell<Dialogues> = OnceCell::const_new();

const NUMBER: &str = "10000001";
const BORN: [&str; 2] = ["may 4th 1980", "1980年5月4日"];
const PIN: &str = "2468";

/// What a caller says (keys after a `#`) and a part of what must be answered.
type Talk<'t> = &'t [(&'t str, &'t str)];

async fn call(language: Language) -> Caller {
    let bank = BANK.get_or_init(async || {
        let pack = Arc::new(Pack::load(Path::new("packs/bank")).unwrap_or_else(|e| panic!("{e}")));
        let data = tempfile::tempdir().unwrap();
        Dialogues::open(&DialogueConfig::default(), pack, data.path()).await.unwrap()
    });
    Caller::over(bank.await, language).await
}

async fn talk(caller: &mut Caller, lines: Talk<'_>) {
    for (words, part) in lines {
        let reply = match words.strip_prefix('#') {
            Some(keys) => caller.key(keys).await,
            None => caller.say(words).await,
        };
        assert_holds(&reply, part, words);
    }
}

/// A caller who has proved level 1, or level 2 as well, by asking for what needs it.
async fn known(language: Language, request: &str, level: u8) -> Caller {
    let mut caller = call(language).await;
    let zh = language == Language::ZH;
    let born = BORN[usize::from(zh)];
    talk(&mut caller, &[(request, if zh { "客户号" } else { "customer number" }), (NUMBER, if zh { "出生" } else { "birth" })])
        .await;
    caller.say(born).await;
    assert_holds(&caller.reply(), if zh { "谢谢您，安娜" } else { "Thank you, Anna" }, born);
    if level == 2 {
        talk(&mut caller, &[(if zh { "密码" } else { "pin" }, if zh { "输入密码" } else { "key in your PIN" })]).await;
        caller.key(PIN).await;
        assert_holds(&caller.reply(), if zh { "验证通过" } else { "that is right" }, "the PIN");
    }
    caller
}

async fn count(caller: &Caller, what: &str) -> i64 {
    let file = caller.data.path().join("packs/bank.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {what}"))).fetch_one(&pool).await.unwrap()
}

#[tokio::test]
async fn balance_and_transactions_three_at_a_time() {
    let mut caller = known(Language::EN, "how much money do I have", 1).await;
    assert_holds(&caller.reply(), "Your savings account ending in 5 8 7 2 holds $", "the balance");
    talk(&mut caller, &[("read me my last transactions", "three more?"), ("yes", "next three?"), ("no thanks", "All right")])
        .await;
    let mut caller = known(Language::ZH, "查一下余额", 1).await;
    assert_holds(&caller.reply(), "储蓄账户余额是", "余额");
    talk(&mut caller, &[("查交易明细", "继续听三笔"), ("要", "下面三笔"), ("好的", "对账单")]).await;
}

#[tokio::test]
async fn a_lost_card_is_blocked_once_it_is_clear_which() {
    let blocked = "COUNT(*) FROM cards WHERE status = 'blocked'";
    let mut caller = known(Language::EN, "I lost my card, block it right now", 1).await;
    assert_holds(&caller.reply(), "Which one shall I block?", "the cards");
    talk(&mut caller, &[("the credit card", "ending in 7 7 3 4"), ("yes", "is blocked")]).await;
    assert_eq!(count(&caller, blocked).await, 1);
    let mut caller = known(Language::ZH, "我的银行卡丢了，马上帮我挂失", 1).await;
    talk(&mut caller, &[("#4580", "尾号4 5 8 0"), ("不对，是信用卡", "7 7 3 4"), ("是的，马上挂失", "已挂失")]).await;
    assert_eq!(count(&caller, blocked).await, 1);
}

#[tokio::test]
async fn money_moves_after_a_pin_and_a_yes() {
    let mut caller = known(Language::EN, "I want to send money to my landlord", 2).await;
    assert_holds(&caller.reply(), "How much", "the amount");
    talk(&mut caller, &[("sixty dollars and ten cents", "$60.10 from your current account to Hill Street Rentals")]).await;
    talk(&mut caller, &[("no, seventy dollars", "I will send $70 from"), ("yes", "The reference is T 7 0 0 1")]).await;
    assert_eq!(count(&caller, "amount_cents FROM transfers").await, 7_000);
    assert_eq!(count(&caller, BOOKS_THAT_DIFFER).await, 0);
    let mut caller = known(Language::ZH, "我要转账", 2).await;
    talk(&mut caller, &[("转到储蓄账户", "多少钱"), ("三百块", "转300元给您的储蓄账户"), ("不要", "没有转账")]).await;
    assert_eq!(count(&caller, "COUNT(*) FROM transfers").await, 0);
}

/// Accounts whose balance is not what they were opened with and what was booked.
const BOOKS_THAT_DIFFER: &str = "COUNT(*) FROM accounts a WHERE balance_cents <> opening_cents + \
     (SELECT COALESCE(SUM(amount_cents), 0) FROM transactions t WHERE t.account = a.id)";

#[tokio::test]
async fn limits_hold_in_the_talk_and_in_the_books() {
    let mut caller = known(Language::EN, "transfer money", 2).await;
    talk(&mut caller, &[("to my landlord", "How much"), ("two thousand and one dollars", "at most $2000")]).await;
    talk(&mut caller, &[("#9000000", "more than the"), ("nineteen hundred dollars", "Is that right?"), ("yes", "Done")]).await;
    for (amount, part) in [("1900", "Done"), ("1300", "limit $1200 is left")] {
        talk(&mut caller, &[("send money to my landlord", "How much")]).await;
        caller.key(amount).await;
        if part == "Done" {
            talk(&mut caller, &[("yes", part)]).await;
        } else {
            assert_holds(&caller.reply(), part, amount);
        }
    }
    let file = caller.data.path().join("packs/bank.db");
    let books = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(file)).await.unwrap();
    for (row, refusal) in [
        ("1, 1, NULL, (SELECT id FROM payees WHERE customer = 1 LIMIT 1), 120001", "daily limit"),
        ("1, 1, NULL, (SELECT id FROM payees WHERE customer = 2 LIMIT 1), 100", "somebody else"),
        ("1, 3, 1, NULL, 100", "somebody else"),
        ("2, 3, NULL, (SELECT id FROM payees WHERE customer = 2 LIMIT 1), 200001", "limit of one transfer"),
        ("1, 1, 2, NULL, 99999999", "balance is too low"),
    ] {
        let sql = format!("INSERT INTO transfers (customer, from_account, to_account, payee, amount_cents) VALUES ({row})");
        let e = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&books).await.unwrap_err().to_string();
        assert!(e.contains(refusal), "{row}: {e}");
    }
}

#[tokio::test]
async fn a_payment_is_disputed_by_the_name_of_the_shop() {
    let mut caller = known(Language::EN, "there is a charge I do not recognise", 2).await;
    talk(
        &mut caller,
        &[
            ("the one at the Seaview Hotel", "What is wrong"),
            ("it was charged twice", "at Seaview Hotel on"),
            ("no, it was at Comet Taxi", "at Comet Taxi on"),
        ],
    )
    .await;
    talk(&mut caller, &[("yes", "D 6 0 0 1")]).await;
    assert_eq!(count(&caller, "COUNT(*) FROM disputes WHERE customer = 1 AND reason = 'twice'").await, 1);
    let mut caller = known(Language::ZH, "我要申诉一笔交易", 2).await;
    talk(&mut caller, &[("海景酒店那笔", "什么问题"), ("金额不对", "海景酒店"), ("对", "编号是D"), ("余额", "余额是")]).await;
}

#[tokio::test]
async fn fraud_is_reported_and_a_card_blocked_on_the_way() {
    let mut caller = known(Language::EN, "I think I was scammed", 1).await;
    talk(
        &mut caller,
        &[("somebody called me", "block a card"), ("yes please", "Which one"), ("#7734", "for good"), ("yes", "is blocked")],
    )
    .await;
    talk(&mut caller, &[("yes", "F 4 0 0 1")]).await;
    assert_eq!(count(&caller, "COUNT(*) FROM fraud_reports WHERE what = 'caller'").await, 1);
    let mut caller = known(Language::ZH, "我被骗了", 1).await;
    talk(&mut caller, &[("短信", "挂失一张卡"), ("不用", "诈骗短信"), ("是的", "编号是F")]).await;
    assert_eq!(count(&caller, "COUNT(*) FROM cards WHERE status = 'blocked'").await, 0);
}

#[tokio::test]
async fn a_new_pin_comes_by_letter_and_never_by_phone() {
    let mut caller = known(Language::EN, "can you tell me my pin", 1).await;
    talk(&mut caller, &[("a letter", "address on record"), ("yes", "goes out today")]).await;
    talk(&mut caller, &[("I forgot my pin", "letter"), ("#1", "Is that right"), ("yes", "on its way already")]).await;
    assert_eq!(count(&caller, "COUNT(*) FROM pin_letters").await, 1);
    let mut caller = known(Language::ZH, "密码忘记了", 1).await;
    talk(&mut caller, &[("找人", "转接")]).await;
    assert!(matches!(caller.after(), AfterReply::Transfer { .. }), "{:?}", caller.after());
}

#[tokio::test]
async fn an_appointment_is_booked_from_the_free_times() {
    let booked = "COUNT(*) FROM appointments WHERE customer = 1 AND topic = 'loan' AND branch = 'harbour'";
    for (language, lines) in [
        (Language::EN, [("I want an appointment at the harbour branch", ""), ("about a loan", "which day")]),
        (Language::ZH, [("我想预约港湾支行", ""), ("谈贷款", "哪一天")]),
    ] {
        let mut caller = known(language, lines[0].0, 1).await;
        let before = count(&caller, booked).await;
        talk(&mut caller, &lines[1..]).await;
        let (month, day) = first_day(&caller).await;
        let said = if language == Language::ZH { format!("{month}月{day}日") } else { format!("{} {day}", MONTHS[month - 1]) };
        talk(&mut caller, &[(&said, if language == Language::ZH { "几点" } else { "Which time" })]).await;
        let zh = language == Language::ZH;
        // The first free time of that day, whatever day the test runs on: the reply names it.
        let free = count(&caller, "COUNT(*) FROM free_times WHERE branch = 'harbour' AND time = '03:15'").await;
        assert_eq!(free, 0);
        talk(
            &mut caller,
            &[(if zh { "凌晨三点一刻" } else { "quarter past three at night" }, if zh { "没有空" } else { "not free" })],
        )
        .await;
        let time = first_time(&caller).await;
        talk(&mut caller, &[(&format!("#{time}"), if zh { "对吗" } else { "Is that right" })]).await;
        talk(&mut caller, &[(if zh { "对" } else { "yes" }, if zh { "预约号是A" } else { "Your number is A" })]).await;
        assert_eq!(count(&caller, booked).await, before + 1);
    }
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
/// The first day with free times at the harbour branch that is neither today nor tomorrow.
const FIRST_DAY: &str = "(SELECT MIN(day) FROM free_times WHERE branch = 'harbour' AND day > date('now', '+1 day'))";

async fn first_day(caller: &Caller) -> (usize, usize) {
    let part = async |format: &str| count(caller, &format!("CAST(strftime('{format}', {FIRST_DAY}) AS INTEGER)")).await as usize;
    (part("%m").await, part("%d").await)
}

/// The first free time of that day, as keys.
async fn first_time(caller: &Caller) -> String {
    let time =
        format!("CAST(replace(MIN(time), ':', '') AS INTEGER) FROM free_times WHERE branch = 'harbour' AND day = {FIRST_DAY}");
    format!("{:04}", count(caller, &time).await)
}

#[tokio::test]
async fn sums_are_exact_and_carry_their_disclaimer() {
    let mut caller = call(Language::EN).await;
    let loan = "what would I pay every month for a loan of two hundred thousand over three years at 4.2 percent";
    talk(
        &mut caller,
        &[(loan, "$5922.61 a month"), (loan, "no offer"), ("how much interest do I get on ten thousand dollars", "how long")],
    )
    .await;
    talk(
        &mut caller,
        &[("five years", "$10644.60"), ("can I pay my purchase in instalments", "How much was"), ("$1000", "How many")],
    )
    .await;
    talk(&mut caller, &[("twelve", "$89.37"), ("what is the mortgage rate", "3.85%")]).await;
    let mut caller = call(Language::ZH).await;
    talk(
        &mut caller,
        &[
            ("贷款20万，3年，4.2%，月供多少？", "每月还5922.61元"),
            ("贷款20万，3年，4.2%，月供多少？", "不是贷款承诺"),
            ("存一万块五年有多少利息", "10644.60元"),
        ],
    )
    .await;
    talk(&mut caller, &[("一千块分期", "几期"), ("十二期", "89.37元"), ("房贷利率是多少", "3.85%")]).await;
}

#[tokio::test]
async fn branches_and_questions_need_no_name() {
    let mut caller = call(Language::EN).await;
    talk(&mut caller, &[("is the airport branch open", "8 to 8"), ("what does it cost to use my card abroad", "1.5 percent")])
        .await;
    let mut caller = call(Language::ZH).await;
    talk(&mut caller, &[("机场支行几点关门", "8点到20点"), ("存款有保障吗", "10万"), ("转人工", "转接")]).await;
}

#[tokio::test]
async fn strangers_and_wrong_facts_get_the_same_answer_and_then_a_person() {
    let mut replies = Vec::new();
    for number in [NUMBER, "77777777"] {
        let mut caller = call(Language::EN).await;
        let mut said = vec![caller.say("what is my balance").await];
        for _ in 0..3 {
            said.push(caller.say(number).await);
            said.push(caller.say("january 31st 1999").await);
        }
        assert_holds(&said[6], "locked for 15 minutes", "the third failure");
        assert_holds(&said[6], "colleague", "the third failure");
        replies.push(said);
    }
    assert_eq!(replies[0], replies[1]);
}

#[tokio::test]
async fn three_wrong_pins_lock_and_no_pin_is_kept_anywhere() {
    let mut caller = call(Language::EN).await;
    talk(
        &mut caller,
        &[("send money to my landlord", "customer number"), (NUMBER, "birth"), (BORN[0], "PIN"), ("pin", "key in")],
    )
    .await;
    let mut seen = String::new();
    for (pin, part) in [("90817", "not right"), ("90817", "not right"), ("90817", "locked for 15 minutes")] {
        let reply = caller.key(pin).await;
        assert_holds(&reply, part, pin);
        seen.push_str(&format!("{:?}{:?}", caller.events, caller.dialogue.conversation().history()));
    }
    assert!(!seen.contains("90817"), "a PIN came out in the events or the conversation");
    assert_eq!(count(&caller, "COUNT(*) FROM transfers").await, 0);
    talk(&mut caller, &[("no", "anything else"), ("transfer money", "PIN"), ("pin", "key in")]).await;
    let right = caller.key(PIN).await;
    assert_holds(&right, "locked", "the right PIN while it is locked");
}

#[tokio::test]
async fn a_code_goes_to_the_phone_on_record_and_lets_its_caller_in() {
    let mut caller = call(Language::EN).await;
    talk(&mut caller, &[("send money to my landlord", "customer number"), (NUMBER, "birth"), (BORN[0], "PIN")]).await;
    talk(&mut caller, &[("send me a code", "phone that ends in 4 2")]).await;
    let code =
        count(&caller, "CAST(substr(text, instr(text, 'call is ') + 8, 6) AS INTEGER) FROM outbox WHERE phone = '5550142'").await;
    let reply = caller.key(&format!("{code:06}")).await;
    assert_holds(&reply, "the code is right", "the code");
    assert_holds(&reply, "How much", "the code");
}

#[tokio::test]
async fn the_bank_is_as_large_as_it_says() {
    let caller = call(Language::EN).await;
    for (table, least) in [("customers", 300), ("transactions", 6_000), ("payees", 300), ("free_times", 100), ("branches", 4)] {
        let rows = count(&caller, &format!("COUNT(*) FROM {table}")).await;
        assert!(rows >= least, "{table}: {rows}");
    }
    assert_eq!(count(&caller, BOOKS_THAT_DIFFER).await, 0);
    assert_eq!(count(&caller, "COUNT(*) FROM (SELECT 1 FROM targets GROUP BY customer, last_four HAVING COUNT(*) > 1)").await, 0);
}
