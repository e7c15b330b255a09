//! `hotline eval recommend`: the recommender on a seeded log of purchases with structure, against the most popular products.
//! Never reads a company's data, and the log's structure is told to nobody but the log.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::business::recommend::{Occasion, Product, Purchase, Recommender, Refused};

/// Hide each customer's last purchase and look for it among five suggestions.
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// How many logs, each of a seed of its own
    #[arg(long, default_value_t = 5)]
    pub logs: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Customers, products and purchases (about) of one log.
const CUSTOMERS: u64 = 500;
const PRODUCTS: usize = 50;
const CATEGORIES: usize = 10;
const SEGMENTS: u64 = 6;
/// How many suggestions a hidden purchase may be among.
const AMONG: usize = 5;

/// How often the hidden purchase was found, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hits {
    /// Among the recommender's first five.
    pub recommended: f64,
    /// Among the five most popular products the customer does not own.
    pub popular: f64,
    /// Customers tried.
    pub customers: usize,
}

/// Measures that many logs and prints the means.
///
/// # Errors
/// Output that cannot be written.
pub fn run(args: &RecommendArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let all: Vec<Hits> = (1..=args.logs.max(1)).map(measure).collect();
    let mean = |of: fn(&Hits) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let (recommended, popular) = (mean(|h| h.recommended), mean(|h| h.popular));
    let customers: usize = all.iter().map(|h| h.customers).sum();
    if args.json {
        let figures = json!({ "hit_at_5": recommended, "popular_hit_at_5": popular, "customers": customers, "logs": all.len() });
        writeln!(out, "{figures}")?;
    } else {
        writeln!(out, "{customers} customers in {} logs: hit@5 {:.1} %", all.len(), 100.0 * recommended)?;
        writeln!(out, "the most popular products: {:.1} %", 100.0 * popular)?;
    }
    Ok(())
}

/// One log: the last purchase of each customer is hidden, and looked for among five.
pub fn measure(seed: u64) -> Hits {
    let products = products();
    let mut log = log(seed, &products);
    let hidden = hide_last(&mut log);
    let recommender = Recommender::train(&log, &products);
    let popular = by_popularity(&log);
    let mut histories: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for purchase in &log {
        histories.entry(&purchase.customer).or_default().push(purchase.product.clone());
    }
    let (mut found, mut found_popular) = (0, 0);
    for (customer, wanted) in &hidden {
        let history = histories.get(customer.as_str()).map_or(&[][..], Vec::as_slice);
        let occasion = Occasion { history, about: None, refused: &Refused::Nothing };
        found += usize::from(recommender.ranked(&occasion).iter().take(AMONG).any(|s| s.product == *wanted));
        let unowned = popular.iter().filter(|product| !history.contains(product));
        found_popular += usize::from(unowned.take(AMONG).any(|product| product == wanted));
    }
    let share = |n: usize| n as f64 / hidden.len().max(1) as f64;
    Hits { recommended: share(found), popular: share(found_popular), customers: hidden.len() }
}

/// Fifty products in ten categories, five each; those of neighbouring categories share a tag.
fn products() -> Vec<Product> {
    let product = |n: usize| {
        let category = n % CATEGORIES;
        let tags = BTreeSet::from([format!("c{category}"), format!("t{}", category / 2)]);
        let price_cents = 800 * (1 + (n as i64 * 7) % 23);
        Product { id: format!("p{n:02}"), category: format!("c{category}"), tags, price_cents, in_stock: true, consumable: false }
    };
    (0..PRODUCTS).map(product).collect()
}

/// Customers of six segments with two favourite categories each. Three in ten purchases follow from the one before
/// (a complement or the next step of a series), four in ten come from a favourite category, the rest are what is popular.
fn log(seed: u64, products: &[Product]) -> Vec<Purchase> {
    let mut dice = Dice(seed);
    let mut purchases = Vec::new();
    for customer in 0..CUSTOMERS {
        let segment = dice.below(SEGMENTS);
        let favourites = [segment as usize % CATEGORIES, (segment as usize * 3 + 4) % CATEGORIES];
        let mut owned: Vec<usize> = Vec::new();
        for at in 0..2 + dice.below(6) {
            let wanted = match (dice.below(10), owned.last()) {
                (0..=2, Some(&last)) => (last * 7 + 3) % products.len(),
                (3..=6, _) => favourites[dice.below(2) as usize] + CATEGORIES * dice.below(5) as usize,
                _ => popular(&mut dice, products.len()),
            };
            if !owned.contains(&wanted) {
                owned.push(wanted);
                let product = products[wanted].id.clone();
                purchases.push(Purchase { customer: format!("customer {customer:03}"), product, at: at as i64 });
            }
        }
    }
    purchases
}

/// The lower the number, the more popular: the least of three throws.
fn popular(dice: &mut Dice, count: usize) -> usize {
    (0..3).map(|_| dice.below(count as u64) as usize).min().expect("three throws")
}

/// Takes the last purchase of each customer with two or more out of the log.
fn hide_last(log: &mut Vec<Purchase>) -> Vec<(String, String)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    log.iter().for_each(|p| *counts.entry(p.customer.clone()).or_default() += 1);
    let mut hidden = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    log.retain(|purchase| {
        let nth = seen.entry(purchase.customer.clone()).or_default();
        *nth += 1;
        let last = *nth == counts[&purchase.customer] && *nth > 1;
        if last {
            hidden.push((purchase.customer.clone(), purchase.product.clone()));
        }
        !last
    });
    hidden
}

fn by_popularity(log: &[Purchase]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    log.iter().for_each(|p| *counts.entry(&p.product).or_default() += 1);
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by_key(|(product, count)| (std::cmp::Reverse(*count), *product));
    all.into_iter().map(|(product, _)| product.to_owned()).collect()
}

/// Always the same numbers for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purchases_are_foreseen_far_better_than_by_popularity() {
        let all: Vec<Hits> = (1..=3).map(measure).collect();
        println!("{all:?}");
        for hits in &all {
            assert!(hits.customers > 400, "{hits:?}");
            assert!(hits.recommended > hits.popular + 0.10 && hits.recommended > 1.4 * hits.popular, "{hits:?}");
        }
        assert_eq!(measure(1), all[0], "the same seed, the same figures");
    }
}
