//! The shop's tools without the dialogue: their SQL holds the rules by itself, for the one customer, and all or nothing.
//! Never trains an understanding; it is about the rows alone.

use std::collections::BTreeMap;

use hotline::business::{Binding, Pack};
use hotline::store::pack_data::PackData;
use serde_json::{Value, json};

struct Desk {
    pack: std::sync::Arc<Pack>,
    data: PackData,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Self {
        let (pack, folder) = (super::shop(), tempfile::tempdir().unwrap());
        let data = PackData::open(&folder.path().join("shop.db"), &pack.folder().join("database")).await.unwrap();
        Self { pack, data, _folder: folder }
    }

    /// Runs a tool that writes; the row it gives, or `None` if it was refused.
    async fn change(&self, tool: &str, arguments: Value) -> Option<Value> {
        let Binding::Sql(statements) = &self.pack.tools()[tool].binding else { panic!("{tool} is SQL") };
        let arguments: BTreeMap<String, Value> = serde_json::from_value(arguments).unwrap();
        let done = self.data.change(statements, &arguments).await.unwrap();
        (done["count"] != 0).then_some(done)
    }

    async fn number(&self, sql: &str) -> i64 {
        let row = self.data.look_up(&format!("SELECT ({sql}) AS n"), &BTreeMap::new()).await.unwrap();
        row["n"].as_i64().unwrap_or_else(|| panic!("{sql}: {row}"))
    }

    /// All that a write could have touched, in one number a table.
    async fn state(&self) -> Vec<i64> {
        let mut state = Vec::new();
        for sql in [
            "SELECT COUNT(*) FROM returns",
            "SELECT COUNT(*) FROM exchanges",
            "SELECT COUNT(*) FROM settlements",
            "SELECT SUM(stock) FROM variants",
            "SELECT SUM(variant) FROM order_items",
            "SELECT COUNT(*) FROM orders WHERE status = 'cancelled'",
            "SELECT SUM(payment) FROM orders",
            "SELECT SUM(option_changed) FROM orders",
        ] {
            state.push(self.number(sql).await);
        }
        state
    }

    async fn refuses(&self, tool: &str, arguments: Value) {
        let before = self.state().await;
        assert_eq!(self.change(tool, arguments.clone()).await, None, "{tool} {arguments}");
        assert_eq!(self.state().await, before, "{tool} {arguments} was refused and left something behind");
    }

    async fn item(&self, order: &str, product: i64) -> i64 {
        let of = "SELECT i.id FROM order_items i JOIN variants v ON v.id = i.variant";
        self.number(&format!("{of} WHERE i.order_number = '{order}' AND v.product = {product}")).await
    }
}

#[tokio::test]
async fn the_shop_has_customers_products_and_orders() {
    let desk = Desk::open().await;
    assert!(desk.number("SELECT COUNT(*) FROM customers").await >= 500);
    assert_eq!(desk.number("SELECT COUNT(*) FROM products").await, 50);
    assert!(desk.number("SELECT COUNT(*) FROM orders").await >= 1_000);
    assert_eq!(
        desk.number("SELECT COUNT(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_items WHERE order_number = o.number)")
            .await,
        0
    );
    assert_eq!(desk.number("SELECT COUNT(*) FROM pragma_foreign_key_check").await, 0);
}

#[tokio::test]
async fn only_an_order_that_is_being_packed_is_cancelled_once_and_by_its_customer() {
    let desk = Desk::open().await;
    let cancel = |customer: &str, order: &str| json!({ "customer": customer, "order": order, "reason": "mistake" });
    desk.refuses("cancel_order", cancel("100001", "4271")).await;
    desk.refuses("cancel_order", cancel("100001", "5150")).await;
    let stock = desk.number("SELECT stock FROM variants WHERE id = 152").await;
    assert!(desk.change("cancel_order", cancel("100004", "5150")).await.is_some());
    assert_eq!(desk.number("SELECT stock FROM variants WHERE id = 152").await, stock + 1);
    assert_eq!(desk.number("SELECT SUM(cents) FROM settlements WHERE order_number = '5150'").await, -8_690);
    desk.refuses("cancel_order", cancel("100004", "5150")).await;
}

#[tokio::test]
async fn an_option_is_changed_once_to_what_is_in_stock_and_the_same_product() {
    let desk = Desk::open().await;
    let tea_set = desk.item("15691", 8).await;
    let to = |customer: &str, option: i64| json!({ "customer": customer, "order": "15691", "item": tea_set, "option": option });
    desk.refuses("change_option", to("100001", 83)).await;
    desk.refuses("change_option", to("100004", 82)).await;
    desk.refuses("change_option", to("100004", 11)).await;
    assert_eq!(desk.change("change_option", to("100004", 84)).await.unwrap()["difference_cents"], 290, "red costs more");
    assert_eq!(desk.number(&format!("SELECT variant FROM order_items WHERE id = {tea_set}")).await, 84);
    desk.refuses("change_option", to("100004", 83)).await;
}

#[tokio::test]
async fn an_order_goes_back_or_is_exchanged_once_and_in_time() {
    let desk = Desk::open().await;
    let back = |customer: &str, order: &str| json!({ "customer": customer, "order": order, "reason": "broken", "days": 30 });
    desk.refuses("request_return", back("100003", "1180")).await;
    desk.refuses("request_return", back("100001", "12345")).await;
    desk.refuses("request_return", back("100002", "12346")).await;
    let headphones = desk.item("12345", 29).await;
    let swap = |option: i64| json!({ "customer": "100002", "order": "12345", "item": headphones, "option": option, "days": 30 });
    assert_eq!(desk.number("SELECT stock FROM variants WHERE id = 292").await, 0, "white is sold out");
    desk.refuses("exchange_item", swap(292)).await;
    let done = desk.change("exchange_item", swap(293)).await.unwrap();
    assert_eq!((done["number"].as_str(), done["difference_cents"].as_i64()), (Some("E5001"), Some(0)));
    desk.refuses("exchange_item", swap(294)).await;
    desk.refuses("request_return", back("100002", "12345")).await;
    let cushion = desk.item("2801", 48).await;
    let one = json!({ "customer": "100001", "order": "2801", "item": cushion, "reason": "unwanted", "days": 30 });
    let done = desk.change("request_item_return", one.clone()).await.unwrap();
    assert_eq!((done["number"].as_str(), done["refund_cents"].as_i64()), (Some("R5001"), Some(1_890)));
    desk.refuses("request_item_return", one).await;
    desk.refuses("request_return", back("100001", "2801")).await;
}

#[tokio::test]
async fn an_order_is_paid_with_what_its_own_customer_has_stored() {
    let desk = Desk::open().await;
    let pay = |customer: &str, method: i64| json!({ "customer": customer, "order": "7101", "method": method });
    desk.refuses("change_payment", pay("100002", 1_000_011)).await;
    desk.refuses("change_payment", pay("100001", 1_000_012)).await;
    desk.refuses("change_payment", pay("100002", 1_000_021)).await;
    assert!(desk.change("change_payment", pay("100002", 1_000_023)).await.is_some());
}

#[tokio::test]
async fn a_complaint_is_filed_once_and_an_invoice_is_sent_where_there_is_one() {
    let desk = Desk::open().await;
    let complain = |about: &str| json!({ "customer": "100003", "order": "19501", "about": about, "details": "it is late" });
    assert_eq!(desk.change("open_ticket", complain("late")).await.unwrap()["number"], "T5001");
    assert_eq!(desk.change("open_ticket", complain("late")).await, None);
    assert_eq!(desk.change("open_ticket", complain("service")).await.unwrap()["number"], "T5002");
    assert!(desk.change("send_invoice", json!({ "customer": "100002", "order": "12345" })).await.is_some());
    assert_eq!(desk.change("send_invoice", json!({ "customer": "100002", "order": "7101" })).await, None);
}
