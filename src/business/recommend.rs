//! What a customer may like next, from what customers bought: together, after each other, and alike; with the reason.
//! Never suggests what is owned, out of stock or refused, and never two things at once.

use std::collections::{BTreeMap, BTreeSet};

/// One thing that is sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id in the company's records.
    pub id: String,
    /// What kind of thing it is.
    pub category: String,
    /// What else describes it.
    pub tags: BTreeSet<String>,
    /// Its price, in cents.
    pub price_cents: i64,
    /// It can be delivered.
    pub in_stock: bool,
    /// It is used up, so that owners buy it again.
    pub consumable: bool,
}

/// A customer has bought something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Who.
    pub customer: String,
    /// The product's id.
    pub product: String,
    /// When: any number that grows with time (a day, a row number).
    pub at: i64,
}

/// What the caller has said no to in this call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Refused {
    /// Nothing.
    #[default]
    Nothing,
    /// These products: "not that one".
    These(BTreeSet<String>),
    /// Being recommended anything: "no, thank you".
    Everything,
}

/// For whom and when something is suggested.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The products the customer has bought, oldest first.
    pub history: &'a [String],
    /// The product or category the call is about.
    pub about: Option<&'a str>,
    /// What the caller has said no to.
    pub refused: &'a Refused,
}

/// One product and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The product's id.
    pub product: String,
    /// Why this one.
    pub reason: Reason,
}

/// Why a product is suggested: the key of a sentence in the pack, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Customers who have this product buy it too.
    BoughtTogether {
        /// A product of the caller's, or the one in talk.
        with: String,
    },
    /// Customers buy it after this product.
    Follows {
        /// A product of the caller's, or the one in talk.
        after: String,
    },
    /// It is like this product.
    Alike {
        /// A product of the caller's, or the one in talk.
        to: String,
    },
    /// The caller has bought it before and may need it again.
    UsedUp,
    /// Many customers buy it.
    Popular,
}

impl Reason {
    /// The key of the sentence that says it.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::BoughtTogether { .. } => "bought_together",
            Self::Follows { .. } => "follows",
            Self::Alike { .. } => "alike",
            Self::UsedUp => "used_up",
            Self::Popular => "popular",
        }
    }

    /// The product that the sentence names, if it names one.
    pub fn because_of(&self) -> Option<&str> {
        match self {
            Self::BoughtTogether { with: product } | Self::Follows { after: product } | Self::Alike { to: product } => {
                Some(product)
            }
            Self::UsedUp | Self::Popular => None,
        }
    }
}

/// What has been learnt from all purchases.
#[derive(Debug, Clone)]
pub struct Recommender {
    products: Vec<Product>,
    number: BTreeMap<String, usize>,
    /// Share of customers who own each product.
    popularity: Vec<f32>,
    /// For each product those bought with it, by shrunk cosine.
    together: Vec<Vec<(usize, f32)>>,
    /// For each product those bought next, by shrunk share.
    next: Vec<Vec<(usize, f32)>>,
}

/// Pairs seen fewer times than about this are trusted less (the shrinkage of item-to-item filtering: Koren 2010, section 2.2).
const SHRINK: f32 = 4.0;
/// A purchase counts this much less than the one after it.
const FADES: f32 = 0.85;
/// Only a customer's last purchases tell of their taste.
const LONGEST_HISTORY: usize = 60;
/// How much each kind of evidence counts.
const TOGETHER: f32 = 1.0;
const NEXT: f32 = 1.6;
const ALIKE: f32 = 0.25;
const POPULAR: f32 = 0.15;
/// What the call is about counts like this many purchases.
const ABOUT: f32 = 2.0;

impl Recommender {
    /// Learns from all purchases; those of products that are not listed are left out.
    pub fn train(purchases: &[Purchase], products: &[Product]) -> Self {
        let number: BTreeMap<String, usize> = products.iter().enumerate().map(|(n, p)| (p.id.clone(), n)).collect();
        let baskets = baskets(purchases, &number);
        let count = products.len();
        let mut owners = vec![0f32; count];
        let (mut both, mut after) = (BTreeMap::<(usize, usize), f32>::new(), BTreeMap::<(usize, usize), f32>::new());
        for basket in &baskets {
            let owned: BTreeSet<usize> = basket.iter().copied().collect();
            for &a in &owned {
                owners[a] += 1.0;
                owned.iter().filter(|b| **b != a).for_each(|&b| *both.entry((a, b)).or_default() += 1.0);
            }
            let steps: BTreeSet<(usize, usize)> = basket.windows(2).map(|w| (w[0], w[1])).filter(|(a, b)| a != b).collect();
            steps.into_iter().for_each(|step| *after.entry(step).or_default() += 1.0);
        }
        let (mut together, mut next) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for ((a, b), n) in both {
            together[a].push((b, n / (owners[a] * owners[b]).sqrt() * n / (n + SHRINK)));
        }
        for ((a, b), n) in after {
            next[a].push((b, n / owners[a] * n / (n + SHRINK)));
        }
        let customers = baskets.len().max(1) as f32;
        let popularity = owners.iter().map(|n| n / customers).collect();
        Self { products: products.to_vec(), number, popularity, together, next }
    }

    /// The one thing to suggest, or nothing.
    pub fn suggest(&self, occasion: &Occasion<'_>) -> Option<Suggestion> {
        self.ranked(occasion).into_iter().next()
    }

    /// All that may be suggested, best first; of equals the one whose id comes first.
    pub fn ranked(&self, occasion: &Occasion<'_>) -> Vec<Suggestion> {
        if *occasion.refused == Refused::Everything {
            return Vec::new();
        }
        let anchors = self.anchors(occasion);
        let mut scored: Vec<(f32, Suggestion)> = (0..self.products.len())
            .filter(|&candidate| self.allowed(candidate, occasion))
            .map(|candidate| self.score(candidate, &anchors, occasion))
            .collect();
        scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.product.cmp(&y.product)));
        scored.into_iter().map(|(_, suggestion)| suggestion).collect()
    }

    /// The customer's products and the one in talk, each with how much it counts.
    fn anchors(&self, occasion: &Occasion<'_>) -> Vec<(usize, f32)> {
        let known = |id: &String| self.number.get(id).copied();
        let recent = occasion.history.iter().rev().filter_map(known).take(LONGEST_HISTORY);
        let mut anchors: Vec<(usize, f32)> = Vec::new();
        for (age, product) in recent.enumerate() {
            if anchors.iter().all(|(other, _)| *other != product) {
                anchors.push((product, FADES.powi(age as i32)));
            }
        }
        if let Some(&about) = occasion.about.and_then(|about| self.number.get(about)) {
            anchors.retain(|(product, _)| *product != about);
            anchors.insert(0, (about, ABOUT));
        }
        anchors
    }

    fn allowed(&self, candidate: usize, occasion: &Occasion<'_>) -> bool {
        let product = &self.products[candidate];
        let refused = match occasion.refused {
            Refused::Nothing => false,
            Refused::These(products) => products.contains(&product.id),
            Refused::Everything => true,
        };
        let owned = occasion.history.contains(&product.id) && !product.consumable;
        product.in_stock && !refused && !owned && occasion.about != Some(&product.id)
    }

    /// How well a product suits, and the strongest single reason.
    fn score(&self, candidate: usize, anchors: &[(usize, f32)], occasion: &Occasion<'_>) -> (f32, Suggestion) {
        let product = &self.products[candidate];
        let id = |n: usize| self.products[n].id.clone();
        let mut best = (POPULAR * self.popularity[candidate], Reason::Popular);
        let mut score = best.0;
        let mut weigh = |weight: f32, reason: &dyn Fn() -> Reason| {
            score += weight;
            if weight > best.0 {
                best = (weight, reason());
            }
        };
        for &(anchor, counts) in anchors.iter().filter(|(anchor, _)| *anchor != candidate) {
            let alike = ALIKE * counts * alike(&self.products[anchor], product);
            weigh(TOGETHER * counts * found(&self.together[anchor], candidate), &|| Reason::BoughtTogether { with: id(anchor) });
            weigh(NEXT * counts * found(&self.next[anchor], candidate), &|| Reason::Follows { after: id(anchor) });
            weigh(alike, &|| Reason::Alike { to: id(anchor) });
        }
        let asked_for = f32::from(u8::from(occasion.about == Some(&product.category)));
        let reason = if occasion.history.contains(&product.id) { Reason::UsedUp } else { best.1 };
        (score + asked_for, Suggestion { product: product.id.clone(), reason })
    }
}

/// Each customer's products in the order they were bought.
fn baskets(purchases: &[Purchase], number: &BTreeMap<String, usize>) -> Vec<Vec<usize>> {
    let mut of_customer: BTreeMap<&str, Vec<(i64, usize)>> = BTreeMap::new();
    for purchase in purchases {
        if let Some(&product) = number.get(&purchase.product) {
            of_customer.entry(&purchase.customer).or_default().push((purchase.at, product));
        }
    }
    let ordered = |mut bought: Vec<(i64, usize)>| {
        bought.sort_by_key(|(at, _)| *at);
        let skip = bought.len().saturating_sub(LONGEST_HISTORY);
        bought.into_iter().skip(skip).map(|(_, product)| product).collect()
    };
    of_customer.into_values().map(ordered).collect()
}

fn found(neighbours: &[(usize, f32)], product: usize) -> f32 {
    neighbours.binary_search_by_key(&product, |(n, _)| *n).map_or(0.0, |at| neighbours[at].1)
}

/// Likeness in kind, description and price, 0 to 1.
fn alike(a: &Product, b: &Product) -> f32 {
    let category = f32::from(u8::from(a.category == b.category));
    let shared = a.tags.intersection(&b.tags).count() as f32;
    let tags = shared / (a.tags.union(&b.tags).count() as f32).max(1.0);
    let octaves = ((a.price_cents.max(1) as f32) / (b.price_cents.max(1) as f32)).log2().abs();
    0.5 * category + 0.35 * tags + 0.15 / (1.0 + octaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: &str, category: &str) -> Product {
        let tags = BTreeSet::from([category.to_owned()]);
        Product { id: id.into(), category: category.into(), tags, price_cents: 2_000, in_stock: true, consumable: id == "tea" }
    }

    fn products() -> Vec<Product> {
        [("tent", "camping"), ("stove", "camping"), ("gas", "camping"), ("teapot", "tea"), ("tea", "tea"), ("lamp", "home")]
            .map(|(id, category)| product(id, category))
            .to_vec()
    }

    /// Campers buy a tent, then a stove; drinkers a teapot, then tea; everybody a lamp.
    fn purchases() -> Vec<Purchase> {
        let bought = |customer: String, product: &str, at| Purchase { customer, product: product.to_owned(), at };
        let camper = |n: i64| [("tent", 1), ("stove", 2), ("lamp", 3)].map(|(p, at)| bought(format!("camper {n}"), p, at));
        let drinker = |n: i64| [("teapot", 1), ("tea", 2), ("lamp", 3)].map(|(p, at)| bought(format!("drinker {n}"), p, at));
        (0..9).flat_map(camper).chain((0..9).flat_map(drinker)).collect()
    }

    fn suggest(history: &[&str], about: Option<&str>, refused: &Refused) -> Option<Suggestion> {
        let history: Vec<String> = history.iter().map(ToString::to_string).collect();
        Recommender::train(&purchases(), &products()).suggest(&Occasion { history: &history, about, refused })
    }

    #[test]
    fn what_others_bought_next_comes_first_and_says_so() {
        let first = suggest(&["tent"], None, &Refused::Nothing).unwrap();
        assert_eq!(first, Suggestion { product: "stove".into(), reason: Reason::Follows { after: "tent".into() } });
        assert_eq!((first.reason.key(), first.reason.because_of()), ("follows", Some("tent")));
        assert_eq!(suggest(&[], Some("teapot"), &Refused::Nothing).unwrap().product, "tea");
    }

    #[test]
    fn a_stranger_is_told_what_is_popular() {
        let first = suggest(&[], None, &Refused::Nothing).unwrap();
        assert_eq!(first, Suggestion { product: "lamp".into(), reason: Reason::Popular });
        assert_eq!(suggest(&[], Some("camping"), &Refused::Nothing).unwrap().product, "stove");
    }

    #[test]
    fn a_no_holds() {
        let not_that = Refused::These(BTreeSet::from(["stove".to_owned()]));
        assert_ne!(suggest(&["tent"], None, &not_that).unwrap().product, "stove");
        assert_eq!(suggest(&["tent"], None, &Refused::Everything), None);
    }

    #[test]
    fn nothing_owned_and_nothing_sold_out_but_what_is_used_up_comes_again() {
        let owned = ["tent", "stove", "gas", "teapot", "tea", "lamp"];
        let again = suggest(&owned, None, &Refused::Nothing).unwrap();
        assert_eq!(again, Suggestion { product: "tea".into(), reason: Reason::UsedUp });
        let sold_out: Vec<Product> = products().into_iter().map(|p| Product { in_stock: false, ..p }).collect();
        let recommender = Recommender::train(&purchases(), &sold_out);
        assert_eq!(recommender.suggest(&Occasion { history: &[], about: None, refused: &Refused::Nothing }), None);
    }

    #[test]
    fn the_same_log_in_any_order_gives_the_same_ranking() {
        let rank = |log: &[Purchase]| {
            let history = ["lamp".to_owned()];
            Recommender::train(log, &products()).ranked(&Occasion { history: &history, about: None, refused: &Refused::Nothing })
        };
        let mut shuffled = purchases();
        shuffled.reverse();
        assert_eq!(rank(&purchases()), rank(&shuffled));
    }
}
