-- What the shop keeps. Days are counted from today and not from a date, so that the example never grows old.

CREATE TABLE cities (
  id      INTEGER PRIMARY KEY,
  name_en TEXT NOT NULL,
  name_zh TEXT NOT NULL
);

CREATE TABLE carriers (
  id      INTEGER PRIMARY KEY,
  name_en TEXT NOT NULL,
  name_zh TEXT NOT NULL
);

-- `id` is the customer number; `may_remember` and `may_advertise` are the customer's consents.
CREATE TABLE customers (
  id            INTEGER PRIMARY KEY,
  first_name_en TEXT NOT NULL,
  first_name_zh TEXT NOT NULL,
  last_name_en  TEXT NOT NULL,
  last_name_zh  TEXT NOT NULL,
  email         TEXT NOT NULL UNIQUE,
  phone         TEXT NOT NULL UNIQUE,
  street        TEXT NOT NULL,
  postcode      TEXT NOT NULL CHECK (length(postcode) = 5),
  city          INTEGER NOT NULL REFERENCES cities (id),
  may_remember  INTEGER NOT NULL CHECK (may_remember IN (0, 1)),
  may_advertise INTEGER NOT NULL CHECK (may_advertise IN (0, 1))
);

CREATE TABLE payment_methods (
  id       INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customers (id),
  name_en  TEXT NOT NULL,
  name_zh  TEXT NOT NULL
);
CREATE INDEX payment_methods_of ON payment_methods (customer);

-- `item_en` carries its article, as it is said in a sentence. `goes_with` is the product most bought beside it; what is
-- `used_up` is bought again.
CREATE TABLE products (
  id              INTEGER PRIMARY KEY,
  category        INTEGER NOT NULL,
  name_en         TEXT NOT NULL UNIQUE,
  item_en         TEXT NOT NULL,
  name_zh         TEXT NOT NULL UNIQUE,
  option_kind     TEXT NOT NULL,
  price_cents     INTEGER NOT NULL,
  warranty_months INTEGER NOT NULL,
  used_up         INTEGER NOT NULL DEFAULT 0 CHECK (used_up IN (0, 1)),
  goes_with       INTEGER NOT NULL REFERENCES products (id)
);

CREATE TABLE variants (
  id          INTEGER PRIMARY KEY,
  product     INTEGER NOT NULL REFERENCES products (id),
  option_en   TEXT NOT NULL,
  option_zh   TEXT NOT NULL,
  price_cents INTEGER NOT NULL,
  stock       INTEGER NOT NULL CHECK (stock >= 0),
  UNIQUE (product, option_en)
);

CREATE TABLE coupons (
  code      TEXT PRIMARY KEY,
  percent   INTEGER NOT NULL,
  min_cents INTEGER NOT NULL,
  active    INTEGER NOT NULL CHECK (active IN (0, 1))
);

CREATE TABLE orders (
  number             TEXT PRIMARY KEY,
  customer           INTEGER NOT NULL REFERENCES customers (id),
  status             TEXT NOT NULL CHECK (status IN ('processing', 'shipped', 'delivered', 'cancelled')),
  placed_days_ago    INTEGER NOT NULL,
  arrives_in_days    INTEGER,
  delivered_days_ago INTEGER,
  carrier            INTEGER NOT NULL REFERENCES carriers (id),
  payment            INTEGER NOT NULL REFERENCES payment_methods (id),
  coupon             TEXT REFERENCES coupons (code),
  street             TEXT NOT NULL,
  postcode           TEXT NOT NULL CHECK (length(postcode) = 5),
  city               INTEGER NOT NULL REFERENCES cities (id),
  cancel_reason      TEXT CHECK (cancel_reason IN ('unneeded', 'mistake')),
  option_changed     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX orders_of ON orders (customer);

CREATE TABLE order_items (
  id           INTEGER PRIMARY KEY,
  order_number TEXT NOT NULL REFERENCES orders (number),
  variant      INTEGER NOT NULL REFERENCES variants (id),
  price_cents  INTEGER NOT NULL
);
CREATE INDEX order_items_of ON order_items (order_number);

CREATE TABLE invoices (
  number       TEXT PRIMARY KEY,
  order_number TEXT NOT NULL UNIQUE REFERENCES orders (number)
);

-- `item` is empty when the whole order goes back.
CREATE TABLE returns (
  id           INTEGER PRIMARY KEY,
  number       TEXT NOT NULL GENERATED ALWAYS AS ('R' || id),
  order_number TEXT NOT NULL UNIQUE REFERENCES orders (number),
  item         INTEGER REFERENCES order_items (id),
  reason       TEXT NOT NULL,
  refund_cents INTEGER NOT NULL,
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE exchanges (
  id               INTEGER PRIMARY KEY,
  number           TEXT NOT NULL GENERATED ALWAYS AS ('E' || id),
  order_number     TEXT NOT NULL UNIQUE REFERENCES orders (number),
  item             INTEGER NOT NULL REFERENCES order_items (id),
  variant          INTEGER NOT NULL REFERENCES variants (id),
  difference_cents INTEGER NOT NULL,
  created_at       TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Money that moves because an order changed: above zero the customer pays, below zero the customer gets it back.
CREATE TABLE settlements (
  id           INTEGER PRIMARY KEY,
  order_number TEXT NOT NULL REFERENCES orders (number),
  payment      INTEGER NOT NULL REFERENCES payment_methods (id),
  cents        INTEGER NOT NULL,
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE tickets (
  id           INTEGER PRIMARY KEY,
  number       TEXT NOT NULL GENERATED ALWAYS AS ('T' || id),
  customer     INTEGER NOT NULL REFERENCES customers (id),
  order_number TEXT NOT NULL REFERENCES orders (number),
  about        TEXT NOT NULL,
  details      TEXT NOT NULL,
  status       TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Mail on its way out: what is sent, about which order.
CREATE TABLE outbox (
  id           INTEGER PRIMARY KEY,
  customer     INTEGER NOT NULL REFERENCES customers (id),
  kind         TEXT NOT NULL,
  order_number TEXT NOT NULL REFERENCES orders (number),
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- An order as it is told: its items in words, its price after the coupon, and whether it went back.
CREATE VIEW told_orders AS
  SELECT o.*, c.name_en AS carrier_en, c.name_zh AS carrier_zh, p.name_en AS payment_en, p.name_zh AS payment_zh,
         t.name_en AS city_en, t.name_zh AS city_zh, i.items, i.item_en, i.item_zh,
         i.cents - i.cents * coalesce((SELECT percent FROM coupons WHERE code = o.coupon), 0) / 100 AS total_cents,
         EXISTS (SELECT 1 FROM returns WHERE order_number = o.number) AS returned,
         EXISTS (SELECT 1 FROM exchanges WHERE order_number = o.number) AS exchanged
    FROM orders o
    JOIN carriers c ON c.id = o.carrier
    JOIN payment_methods p ON p.id = o.payment
    JOIN cities t ON t.id = o.city
    JOIN (SELECT oi.order_number, COUNT(*) AS items, SUM(oi.price_cents) AS cents,
                 group_concat(pr.item_en, ' and ') AS item_en, group_concat(pr.name_zh, '和') AS item_zh
            FROM order_items oi
            JOIN variants v ON v.id = oi.variant
            JOIN products pr ON pr.id = v.product
           GROUP BY oi.order_number) i ON i.order_number = o.number;

-- An item of an order as it is told, with what was paid for it after the coupon.
CREATE VIEW told_items AS
  SELECT oi.id, oi.order_number, o.customer, o.status, o.delivered_days_ago, v.product, v.id AS variant, p.name_en, p.name_zh,
         p.item_en, v.option_en, v.option_zh, p.warranty_months,
         oi.price_cents - oi.price_cents * coalesce((SELECT percent FROM coupons WHERE code = o.coupon), 0) / 100 AS paid_cents
    FROM order_items oi
    JOIN orders o ON o.number = oi.order_number
    JOIN variants v ON v.id = oi.variant
    JOIN products p ON p.id = v.product;

-- What recommendations are learnt from: who bought what (a greater `at` is later), and what there is to suggest.
CREATE VIEW purchases AS
  SELECT o.customer, v.product, 1000 - o.placed_days_ago AS at
    FROM orders o JOIN order_items i ON i.order_number = o.number JOIN variants v ON v.id = i.variant
   WHERE o.status <> 'cancelled';

CREATE VIEW suggestions AS
  SELECT p.id, p.category, MIN(v.price_cents) AS price_cents, p.option_kind AS tags, SUM(v.stock) AS in_stock, p.used_up AS consumable,
         p.item_en, p.name_zh
    FROM products p JOIN variants v ON v.product = p.id GROUP BY p.id;
