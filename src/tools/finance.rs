//! What money costs: instalments of a loan, growth of savings, a card purchase in parts; exact to the cent.
//! Never computes in floating point: whole numbers of any length to the end, where one rounding to the cent happens.
//!
//! The rounding rule: half a cent goes up. Rates are nominal a year and charged or paid by the month (a twelfth each).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use num_bigint::BigInt;
use serde_json::{Value, json};

use super::NativeTool;
use crate::business::Effect;

/// The longest term, 50 years.
const MOST_MONTHS: i64 = 600;
/// The largest sum, in cents.
const MOST_CENTS: i64 = 100_000_000_000;
/// The highest yearly rate, in hundredths of a percent.
const MOST_RATE: i64 = 10_000;
/// What a yearly rate in hundredths of a percent is divided by to give a month's share.
const MONTHLY: i64 = 12 * 100 * 100;

/// The arithmetic that packs call by `native = "…"`: `loan`, `savings`, `card_instalments`.
pub(super) fn tools() -> [(&'static str, Arc<dyn NativeTool>); 3] {
    [("loan", Arc::new(Sum::Loan)), ("savings", Arc::new(Sum::Savings)), ("card_instalments", Arc::new(Sum::CardInstalments))]
}

/// One kind of sum.
enum Sum {
    /// `principal` (cents), `rate` (hundredths of a percent a year), `months`; gives `instalment`, `total`, `interest`.
    Loan,
    /// `principal` and, if declared, `monthly` (cents, put in at each month's end), `rate`, `months`; gives `balance`,
    /// `paid_in`, `interest`.
    Savings,
    /// `amount` (cents), `fee` (hundredths of a percent of the amount, each month), `months`; gives `first`, `following`,
    /// `total`, `fees`, `fee`, and `annual_rate`: that of a loan with such instalments, in hundredths of a percent.
    CardInstalments,
}

#[async_trait]
impl NativeTool for Sum {
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, arguments: &BTreeMap<String, Value>) -> Result<Value, String> {
        let told = Told(arguments);
        let months = told.whole("months", 1, MOST_MONTHS)?;
        match self {
            Self::Loan => {
                let (principal, rate) = (told.cents("principal")?, told.whole("rate", 0, MOST_RATE)?);
                let instalment = annuity(principal, rate, months)?;
                let total = instalment.checked_mul(months).ok_or_else(too_large)?;
                Ok(json!({ "count": 1, "instalment": instalment, "total": total, "interest": total - principal }))
            }
            Self::Savings => {
                let monthly = if arguments.contains_key("monthly") { told.cents("monthly")? } else { 0 };
                let principal = told.cents("principal")?;
                let balance = growth(principal, monthly, told.whole("rate", 0, MOST_RATE)?, months)?;
                let paid_in = principal + monthly * months;
                Ok(json!({ "count": 1, "balance": balance, "paid_in": paid_in, "interest": balance - paid_in }))
            }
            Self::CardInstalments => purchase(told.cents("amount")?, told.whole("fee", 0, MOST_RATE)?, months),
        }
    }
}

/// The equal instalment that repays `principal` in `months`, in cents: `P·r·q / (q − 1)` with `q = (1 + r)ⁿ`.
fn annuity(principal: i64, rate: i64, months: i64) -> Result<i64, String> {
    if rate == 0 {
        return rounded(&BigInt::from(principal), &BigInt::from(months));
    }
    let (grown, unit) = powers(rate, months);
    rounded(&(&grown * principal * rate), &((&grown - &unit) * MONTHLY))
}

/// What `principal` and a payment at the end of each month become: `P·q + m·(q − 1)/r`, in cents.
fn growth(principal: i64, monthly: i64, rate: i64, months: i64) -> Result<i64, String> {
    if rate == 0 {
        return Ok(principal + monthly * months);
    }
    let (grown, unit) = powers(rate, months);
    let deposits = (&grown - &unit) * monthly * MONTHLY;
    rounded(&(&grown * principal * rate + deposits), &(&unit * rate))
}

/// A purchase in parts, as card issuers do it: the amount in equal parts (the cents that are left come first), and a fee
/// each month on the whole amount. Its true yearly rate is what makes it comparable with a loan.
fn purchase(amount: i64, fee: i64, months: i64) -> Result<Value, String> {
    let each = amount / months;
    let fee = rounded(&(BigInt::from(amount) * fee), &BigInt::from(10_000))?;
    let (following, first) = (each + fee, each + fee + amount % months);
    let (fees, annual_rate) = (fee * months, annual_rate(amount, following, months)?);
    Ok(json!({
        "count": 1, "first": first, "following": following, "fee": fee, "fees": fees, "total": amount + fees,
        "annual_rate": annual_rate,
    }))
}

/// The lowest yearly rate at which a loan has this instalment: rounded up, for a cost is never understated.
fn annual_rate(principal: i64, instalment: i64, months: i64) -> Result<i64, String> {
    if annuity(principal, MOST_RATE, months)? < instalment {
        return Err(format!("the fee makes a rate above {} percent a year", MOST_RATE / 100));
    }
    let (mut below, mut enough) = (-1, MOST_RATE);
    while enough - below > 1 {
        let middle = below + (enough - below) / 2;
        if annuity(principal, middle, months)? >= instalment { enough = middle } else { below = middle }
    }
    Ok(enough)
}

/// `(1 + r)ⁿ` as a fraction.
fn powers(rate: i64, months: i64) -> (BigInt, BigInt) {
    let months = u32::try_from(months).expect("months were checked to lie between 1 and MOST_MONTHS");
    (BigInt::from(MONTHLY + rate).pow(months), BigInt::from(MONTHLY).pow(months))
}

/// The fraction as a whole number, half up; neither part is negative.
fn rounded(above: &BigInt, below: &BigInt) -> Result<i64, String> {
    i64::try_from((above * 2 + below) / (below * 2)).map_err(|_| too_large())
}

fn too_large() -> String {
    "the sum is too large to be paid".to_owned()
}

/// A call's arguments, read and checked.
struct Told<'a>(&'a BTreeMap<String, Value>);

impl Told<'_> {
    fn cents(&self, name: &str) -> Result<i64, String> {
        self.whole(name, 0, MOST_CENTS)
    }

    fn whole(&self, name: &str, least: i64, most: i64) -> Result<i64, String> {
        let value = self.0.get(name).and_then(Value::as_i64).ok_or_else(|| format!("{name} is no whole number"))?;
        let fits = (least..=most).contains(&value);
        fits.then_some(value).ok_or_else(|| format!("{name} must lie between {least} and {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instalment_is_what_repays_the_loan_month_by_month() {
        for (principal, rate, months) in [
            (20_000_000, 420, 36),
            (10_000_000, 600, 360),
            (30_000_000, 385, 300),
            (2_500_000, 790, 60),
            (5, 10_000, 600),
            (MOST_CENTS, 3, 1),
        ] {
            let instalment = annuity(principal, rate, months).unwrap();
            let owed = |cents_and_half: i64| owed_at_the_end(principal, rate, months, cents_and_half);
            assert!(owed(2 * instalment - 1) >= BigInt::ZERO, "{instalment} less half a cent would not be too little");
            assert!(owed(2 * instalment + 1) < BigInt::ZERO, "{instalment} and half a cent would not be too much");
        }
    }

    /// By another way than the formula: month by month, exactly. `half_cents` is the instalment; the result's sign counts.
    fn owed_at_the_end(principal: i64, rate: i64, months: i64, half_cents: i64) -> BigInt {
        let (mut owed, mut unit) = (BigInt::from(2 * principal), BigInt::from(1));
        for _ in 0..months {
            unit *= MONTHLY;
            owed = owed * (MONTHLY + rate) - &unit * half_cents;
        }
        owed
    }

    #[test]
    fn well_known_instalments() {
        // The first is the question of every loan desk; 599.55 for 100,000 over 30 years at 6 % stands in every textbook.
        assert_eq!(annuity(20_000_000, 420, 36), Ok(592_261));
        assert_eq!(annuity(10_000_000, 600, 360), Ok(59_955));
        assert_eq!(annuity(100_000, 0, 7), Ok(14_286));
    }

    #[test]
    fn half_a_cent_goes_up_although_the_monthly_rate_has_no_end() {
        // 600 cents for a month at 1 % a year: 600.5 cents.
        assert_eq!(annuity(600, 100, 1), Ok(601));
        assert_eq!(growth(600, 0, 100, 1), Ok(601));
        assert_eq!(annuity(10_005, 0, 2), Ok(5_003));
    }

    #[test]
    fn savings_grow_month_by_month() {
        for (principal, monthly, rate, months) in [(1_000_000, 0, 150, 12), (1_000_000, 20_000, 225, 60), (0, 5_000, 90, 240)] {
            let (mut grown, mut unit) = (BigInt::from(principal), BigInt::from(1));
            for _ in 0..months {
                unit *= MONTHLY;
                grown = grown * (MONTHLY + rate) + &unit * monthly;
            }
            let expected: BigInt = (grown * 2 + &unit) / (unit * 2);
            assert_eq!(BigInt::from(growth(principal, monthly, rate, months).unwrap()), expected);
        }
        assert_eq!(growth(100_000, 0, 500, 12), Ok(105_116));
    }

    #[tokio::test]
    async fn parts_of_a_purchase_add_up_and_tell_their_true_rate() {
        let arguments = arguments(&[("amount", json!(100_000)), ("fee", json!(60)), ("months", json!(12))]);
        let plan = Sum::CardInstalments.run(&arguments).await.unwrap();
        let (first, following) = (plan["first"].as_i64().unwrap(), plan["following"].as_i64().unwrap());
        assert_eq!((first, following), (8_937, 8_933));
        assert_eq!(first + 11 * following, plan["total"].as_i64().unwrap());
        assert_eq!(plan["fees"], 7_200);
        assert_eq!(plan["annual_rate"], 1_302);
        assert!(annuity(100_000, 1_302, 12).unwrap() >= following && annuity(100_000, 1_301, 12).unwrap() < following);
    }

    #[tokio::test]
    async fn a_loan_gives_total_and_interest() {
        let arguments = arguments(&[("principal", json!(20_000_000)), ("rate", json!(420)), ("months", json!(36))]);
        let loan = Sum::Loan.run(&arguments).await.unwrap();
        assert_eq!(loan["total"], 36 * 592_261);
        assert_eq!(loan["interest"], 36 * 592_261 - 20_000_000);
    }

    #[tokio::test]
    async fn nonsense_is_refused_with_what_is_allowed() {
        for (principal, rate, months, part) in [
            (json!(100), json!(-1), json!(12), "rate must lie between 0 and 10000"),
            (json!(100), json!(10_001), json!(12), "rate must lie between 0 and 10000"),
            (json!(100), json!(420), json!(0), "months must lie between 1 and 600"),
            (json!(-1), json!(420), json!(12), "principal must lie between 0"),
            (json!(1.5), json!(420), json!(12), "principal is no whole number"),
        ] {
            let e = Sum::Loan.run(&arguments(&[("principal", principal), ("rate", rate), ("months", months)])).await.unwrap_err();
            assert!(e.contains(part), "{e}");
        }
    }

    fn arguments(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}
