//! The built-in tool `native = "recommend"`: one product for this customer, from the pack's own purchases and products.
//! Never writes, and tells of nobody's purchases but the customer's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::business::Effect;
use crate::business::recommend::{Occasion, Product, Purchase, Recommender, Refused};
use crate::store::pack_data::PackData;

use super::NativeTool;

/// The name that a pack's `native` asks for.
pub const NAME: &str = "recommend";

/// The statements a pack gives in `reads`, and what their rows hold.
///
/// `purchases`: customer, product, at. `products`: id, category, price_cents and, where there are any, tags (parted by commas),
/// in_stock, consumable; its other columns go into the result. `version` (may be left out): one value that changes when the
/// others do, so that they are read again only then.
const NEEDED: [&str; 2] = ["purchases", "products"];
const VERSION: &str = "version";

/// The tool.
///
/// Arguments: `customer`; where declared `about` (a product or category in talk) and `refused` (ids parted by commas, or `all`).
/// The result is `count` 0, or 1 with `product`, the product's columns, `reason`, and the columns of the product that the reason
/// names, each with `because_` before it.
pub struct Recommend {
    data: PackData,
    reads: BTreeMap<String, String>,
    learnt: Mutex<Option<Arc<Learnt>>>,
}

struct Learnt {
    version: Value,
    recommender: Recommender,
    purchases: Vec<Purchase>,
    rows: BTreeMap<String, Map<String, Value>>,
}

impl fmt::Debug for Recommend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recommend").field("reads", &self.reads.keys()).finish_non_exhaustive()
    }
}

impl Recommend {
    /// The tool over that database, or the statement that `reads` lacks.
    pub fn new(data: PackData, reads: BTreeMap<String, String>) -> Result<Self, &'static str> {
        match NEEDED.into_iter().find(|name| !reads.contains_key(*name)) {
            Some(missing) => Err(missing),
            None => Ok(Self { data, reads, learnt: Mutex::new(None) }),
        }
    }

    /// What is known of all purchases, learnt anew where they may have changed.
    async fn learnt(&self) -> Result<Arc<Learnt>, String> {
        let version = match self.reads.get(VERSION) {
            Some(sql) => json!(self.rows(sql).await?),
            None => Value::Null,
        };
        let known = self.learnt.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| !version.is_null() && known.version == version) {
            return Ok(known);
        }
        let purchases = self.rows(&self.reads["purchases"]).await?;
        let purchases: Vec<Purchase> = purchases.iter().map(purchase).collect::<Result<_, _>>()?;
        let rows = self.rows(&self.reads["products"]).await?;
        let products: Vec<Product> = rows.iter().map(product).collect::<Result<_, _>>()?;
        let rows = products.iter().map(|p| p.id.clone()).zip(rows).collect();
        let learnt = Arc::new(Learnt { version, recommender: Recommender::train(&purchases, &products), purchases, rows });
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&learnt));
        Ok(learnt)
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Map<String, Value>>, String> {
        self.data.every_row(sql).await.map_err(|e| e.to_string())
    }
}

#[async_trait]
impl NativeTool for Recommend {
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, arguments: &BTreeMap<String, Value>) -> Result<Value, String> {
        let customer = said(arguments, "customer").ok_or("the tool recommend needs the argument customer")?;
        let learnt = self.learnt().await?;
        let mut bought: Vec<&Purchase> = learnt.purchases.iter().filter(|p| p.customer == customer).collect();
        bought.sort_by_key(|p| p.at);
        let history: Vec<String> = bought.into_iter().map(|p| p.product.clone()).collect();
        let refused = refused(said(arguments, "refused").unwrap_or_default());
        let occasion = Occasion { history: &history, about: said(arguments, "about"), refused: &refused };
        let Some(suggestion) = learnt.recommender.suggest(&occasion) else { return Ok(json!({ "count": 0, "rows": [] })) };
        let mut result = learnt.rows[&suggestion.product].clone();
        if let Some(because) = suggestion.reason.because_of() {
            let named = learnt.rows[because].iter().map(|(column, value)| (format!("because_{column}"), value.clone()));
            result.extend(named);
        }
        result.extend([
            ("product".to_owned(), json!(suggestion.product)),
            ("reason".to_owned(), json!(suggestion.reason.key())),
            ("count".to_owned(), json!(1)),
        ]);
        Ok(Value::Object(result))
    }
}

fn said<'a>(arguments: &'a BTreeMap<String, Value>, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn refused(text: &str) -> Refused {
    match text {
        "" => Refused::Nothing,
        "all" => Refused::Everything,
        ids => Refused::These(parted(ids)),
    }
}

fn parted(text: &str) -> BTreeSet<String> {
    text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn purchase(row: &Map<String, Value>) -> Result<Purchase, String> {
    let at = whole(row, "at").ok_or("reads.purchases gives no whole number called at")?;
    Ok(Purchase { customer: text(row, "purchases", "customer")?, product: text(row, "purchases", "product")?, at })
}

fn product(row: &Map<String, Value>) -> Result<Product, String> {
    let price_cents = whole(row, "price_cents").ok_or("reads.products gives no whole number called price_cents")?;
    Ok(Product {
        id: text(row, "products", "id")?,
        category: text(row, "products", "category")?,
        tags: parted(row.get("tags").and_then(Value::as_str).unwrap_or_default()),
        price_cents,
        in_stock: whole(row, "in_stock").is_none_or(|n| n > 0),
        consumable: whole(row, "consumable").is_some_and(|n| n > 0),
    })
}

/// A column as text; ids may be numbers.
fn text(row: &Map<String, Value>, read: &str, column: &str) -> Result<String, String> {
    match row.get(column) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(n)) => Ok(n.to_string()),
        _ => Err(format!("reads.{read} gives a row without {column}")),
    }
}

fn whole(row: &Map<String, Value>, column: &str) -> Option<i64> {
    row.get(column).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "
        CREATE TABLE products (id TEXT, category TEXT, price_cents INTEGER, in_stock INTEGER, name_en TEXT);
        INSERT INTO products VALUES ('tent', 'camping', 9000, 3, 'a tent'), ('stove', 'camping', 4000, 5, 'a stove'),
                                    ('lamp', 'home', 2000, 1, 'a lamp'), ('rug', 'home', 2500, 0, 'a rug');
        CREATE TABLE sales (customer INTEGER, product TEXT, at INTEGER);
        INSERT INTO sales SELECT value, 'tent', 1 FROM json_each('[1,2,3,4,5,6]');
        INSERT INTO sales SELECT value, 'stove', 2 FROM json_each('[1,2,3,4,5]');
        INSERT INTO sales VALUES (7, 'lamp', 1), (7, 'rug', 2);";

    async fn tool() -> (tempfile::TempDir, Recommend) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("0001_shop.sql"), SQL).unwrap();
        let data = PackData::open(&folder.path().join("shop.db"), folder.path()).await.unwrap();
        let reads = [
            ("purchases", "SELECT customer, product, at FROM sales"),
            ("products", "SELECT * FROM products"),
            ("version", "SELECT COUNT(*) AS n FROM sales"),
        ];
        let reads = reads.map(|(name, sql)| (name.to_owned(), sql.to_owned()));
        (folder, Recommend::new(data, BTreeMap::from(reads)).unwrap())
    }

    fn arguments(given: &[(&str, &str)]) -> BTreeMap<String, Value> {
        given.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }

    #[tokio::test]
    async fn a_customer_is_told_what_goes_with_their_purchase_and_why() {
        let (_folder, tool) = tool().await;
        let result = tool.run(&arguments(&[("customer", "6")])).await.unwrap();
        let told = ["product", "name_en", "reason", "because_name_en"].map(|field| result[field].as_str().unwrap().to_owned());
        assert_eq!(told, ["stove", "a stove", "follows", "a tent"]);
        let after_no = tool.run(&arguments(&[("customer", "6"), ("refused", "stove")])).await.unwrap();
        assert_eq!(after_no["product"], "lamp");
        let no_more = tool.run(&arguments(&[("customer", "6"), ("refused", "all")])).await.unwrap();
        assert_eq!(no_more["count"], 0);
    }

    #[tokio::test]
    async fn a_sale_is_learnt_from_when_the_version_tells() {
        let (_folder, tool) = tool().await;
        tool.run(&arguments(&[("customer", "6")])).await.unwrap();
        let sale = ["INSERT INTO sales VALUES (6, 'stove', 3)".to_owned()];
        tool.data.change(&sale, &BTreeMap::new()).await.unwrap();
        assert_eq!(tool.run(&arguments(&[("customer", "6")])).await.unwrap()["product"], "lamp");
    }

    #[tokio::test]
    async fn a_missing_statement_and_a_missing_column_are_named() {
        let (_folder, tool) = tool().await;
        let with = |reads: &[(&str, &str)]| {
            let reads = reads.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned())).collect();
            Recommend::new(tool.data.clone(), reads)
        };
        assert_eq!(with(&[("products", "SELECT 1")]).unwrap_err(), "purchases");
        let nameless = with(&[("purchases", "SELECT 1 AS at"), ("products", "SELECT * FROM products")]).unwrap();
        let e = nameless.run(&arguments(&[("customer", "1")])).await.unwrap_err();
        assert!(e.contains("reads.purchases") && e.contains("customer"), "{e}");
    }
}
