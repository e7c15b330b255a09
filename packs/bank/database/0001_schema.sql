-- A retail bank's books. Amounts are in cents. What must never happen is refused here too, whatever a flow or a model asks for.

CREATE TABLE customers (
  id                 INTEGER PRIMARY KEY,
  number             TEXT NOT NULL UNIQUE CHECK (length(number) = 8),
  given_en           TEXT NOT NULL,
  family_en          TEXT NOT NULL,
  given_zh           TEXT NOT NULL,
  family_zh          TEXT NOT NULL,
  born               TEXT NOT NULL CHECK (born = date(born)),
  postcode           TEXT NOT NULL,
  phone              TEXT NOT NULL,
  -- pbkdf2-sha256$ROUNDS$SALT$HASH; none: the customer has not chosen a PIN yet
  pin_hash           TEXT,
  single_limit_cents INTEGER NOT NULL DEFAULT 200000,
  daily_limit_cents  INTEGER NOT NULL DEFAULT 500000
);

CREATE TABLE accounts (
  id            INTEGER PRIMARY KEY,
  customer      INTEGER NOT NULL REFERENCES customers (id),
  number        TEXT NOT NULL UNIQUE CHECK (length(number) = 10),
  kind          TEXT NOT NULL CHECK (kind IN ('current', 'savings')),
  opening_cents INTEGER NOT NULL DEFAULT 0,
  balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0),
  UNIQUE (customer, kind)
);

CREATE TABLE cards (
  id         INTEGER PRIMARY KEY,
  customer   INTEGER NOT NULL REFERENCES customers (id),
  account    INTEGER NOT NULL REFERENCES accounts (id),
  last_four  TEXT NOT NULL CHECK (length(last_four) = 4),
  kind       TEXT NOT NULL CHECK (kind IN ('debit', 'credit')),
  status     TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked')),
  blocked_at TEXT,
  UNIQUE (customer, last_four)
);

CREATE TABLE merchants (
  id      INTEGER PRIMARY KEY,
  name_en TEXT NOT NULL UNIQUE,
  name_zh TEXT NOT NULL UNIQUE,
  typical_cents INTEGER NOT NULL
);

CREATE TABLE transactions (
  id           INTEGER PRIMARY KEY,
  account      INTEGER NOT NULL REFERENCES accounts (id),
  booked_on    TEXT NOT NULL,
  amount_cents INTEGER NOT NULL CHECK (amount_cents <> 0),
  kind         TEXT NOT NULL CHECK (kind IN ('card', 'cash', 'salary', 'interest', 'transfer')),
  what_en      TEXT NOT NULL,
  what_zh      TEXT NOT NULL,
  card         INTEGER REFERENCES cards (id)
);
CREATE INDEX transactions_by_account ON transactions (account, booked_on DESC, id DESC);

CREATE TABLE payees (
  id        INTEGER PRIMARY KEY,
  customer  INTEGER NOT NULL REFERENCES customers (id),
  name_en   TEXT NOT NULL,
  name_zh   TEXT NOT NULL,
  -- what the customer calls them
  nick_en   TEXT NOT NULL,
  nick_zh   TEXT NOT NULL,
  number    TEXT NOT NULL CHECK (length(number) = 10),
  UNIQUE (customer, name_en),
  UNIQUE (customer, name_zh)
);

CREATE TABLE transfers (
  id           INTEGER PRIMARY KEY,
  customer     INTEGER NOT NULL REFERENCES customers (id),
  from_account INTEGER NOT NULL REFERENCES accounts (id),
  to_account   INTEGER REFERENCES accounts (id),
  payee        INTEGER REFERENCES payees (id),
  amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
  made_on      TEXT NOT NULL DEFAULT (date('now')),
  -- to one of the customer's own accounts, or to one payee
  CHECK ((to_account IS NULL) <> (payee IS NULL)),
  CHECK (to_account IS NOT from_account)
);
CREATE INDEX transfers_by_day ON transfers (customer, made_on);

CREATE TRIGGER transfers_keep_the_rules BEFORE INSERT ON transfers
BEGIN
  SELECT RAISE(ABORT, 'the account belongs to somebody else')
   WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = NEW.from_account AND customer = NEW.customer)
      OR (NEW.to_account IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts WHERE id = NEW.to_account AND customer = NEW.customer))
      OR (NEW.payee IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payees WHERE id = NEW.payee AND customer = NEW.customer));
  SELECT RAISE(ABORT, 'the balance is too low')
   WHERE NEW.amount_cents > (SELECT balance_cents FROM accounts WHERE id = NEW.from_account);
  SELECT RAISE(ABORT, 'the amount is above the limit of one transfer')
   WHERE NEW.payee IS NOT NULL AND NEW.amount_cents > (SELECT single_limit_cents FROM customers WHERE id = NEW.customer);
  SELECT RAISE(ABORT, 'the amount is above what is left of the daily limit')
   WHERE NEW.payee IS NOT NULL AND NEW.amount_cents > (SELECT left_cents FROM limits WHERE customer = NEW.customer);
END;

-- The books move with the transfer or not at all.
CREATE TRIGGER transfers_move_money AFTER INSERT ON transfers
BEGIN
  UPDATE accounts SET balance_cents = balance_cents - NEW.amount_cents WHERE id = NEW.from_account;
  UPDATE accounts SET balance_cents = balance_cents + NEW.amount_cents WHERE id = NEW.to_account;
  INSERT INTO transactions (account, booked_on, amount_cents, kind, what_en, what_zh)
  SELECT NEW.from_account, NEW.made_on, -NEW.amount_cents, 'transfer', 'a transfer to ' || name_en, '转账给' || name_zh
    FROM (SELECT name_en, name_zh FROM payees WHERE id = NEW.payee
          UNION ALL
          SELECT 'your own account', '自己的账户' WHERE NEW.to_account IS NOT NULL);
  INSERT INTO transactions (account, booked_on, amount_cents, kind, what_en, what_zh)
  SELECT NEW.to_account, NEW.made_on, NEW.amount_cents, 'transfer', 'a transfer from your own account', '自己账户转入'
   WHERE NEW.to_account IS NOT NULL;
END;

-- What a customer may still send to payees today.
CREATE VIEW limits AS
  SELECT c.id AS customer, c.single_limit_cents,
         c.daily_limit_cents - COALESCE((SELECT SUM(t.amount_cents) FROM transfers t
                                          WHERE t.customer = c.id AND t.payee IS NOT NULL AND t.made_on = date('now')), 0) AS left_cents
    FROM customers c;

-- Where a customer may send money: the own accounts, then the saved payees.
CREATE VIEW targets AS
  SELECT customer, substr(number, -4) AS last_four, 1 AS own, id AS account, NULL AS payee,
         CASE kind WHEN 'current' THEN 'your current account' ELSE 'your savings account' END AS name_en,
         CASE kind WHEN 'current' THEN '您的活期账户' ELSE '您的储蓄账户' END AS name_zh,
         kind AS nick_en,
         CASE kind WHEN 'current' THEN '活期' ELSE '储蓄' END AS nick_zh
    FROM accounts
  UNION ALL
  SELECT customer, substr(number, -4), 0, NULL, id, name_en, name_zh, nick_en, nick_zh FROM payees;

CREATE TABLE disputes (
  id          INTEGER PRIMARY KEY,
  customer    INTEGER NOT NULL REFERENCES customers (id),
  transaction_id INTEGER NOT NULL UNIQUE REFERENCES transactions (id),
  reason      TEXT NOT NULL CHECK (reason IN ('unknown', 'amount', 'twice', 'missing')),
  opened_on   TEXT NOT NULL DEFAULT (date('now'))
);

CREATE TABLE fraud_reports (
  id          INTEGER PRIMARY KEY,
  customer    INTEGER NOT NULL REFERENCES customers (id),
  what        TEXT NOT NULL CHECK (what IN ('card', 'caller', 'message', 'account')),
  reported_on TEXT NOT NULL DEFAULT (date('now'))
);

-- A letter with a new PIN; never two within a week.
CREATE TABLE pin_letters (
  id       INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customers (id),
  sent_on  TEXT NOT NULL DEFAULT (date('now'))
);

-- What the gateway for text messages sends next. A one-time code is worth nothing after its call.
CREATE TABLE outbox (
  id       INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customers (id),
  phone    TEXT NOT NULL,
  text     TEXT NOT NULL
);

CREATE TABLE rates (
  product TEXT PRIMARY KEY,
  name_en TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  -- hundredths of a percent a year (of a card's instalments: of the amount, each month)
  rate    INTEGER NOT NULL
);

CREATE TABLE branches (
  id         TEXT PRIMARY KEY,
  name_en    TEXT NOT NULL,
  name_zh    TEXT NOT NULL,
  address_en TEXT NOT NULL,
  address_zh TEXT NOT NULL,
  hours_en   TEXT NOT NULL,
  hours_zh   TEXT NOT NULL,
  saturday   INTEGER NOT NULL
);

CREATE TABLE appointments (
  id       INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customers (id),
  branch   TEXT NOT NULL REFERENCES branches (id),
  topic    TEXT NOT NULL,
  day      TEXT NOT NULL,
  time     TEXT NOT NULL,
  UNIQUE (branch, day, time)
);

CREATE TABLE opening_times (time TEXT PRIMARY KEY);

-- The free times of the next three weeks, always counted from today: no Sundays, Saturdays only where a branch opens.
CREATE VIEW free_times AS
  WITH RECURSIVE ahead (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ahead WHERE n < 21)
  SELECT b.id AS branch, date('now', '+' || n || ' days') AS day, o.time
    FROM ahead, branches b, opening_times o
   WHERE strftime('%w', 'now', '+' || n || ' days') <> '0'
     AND (strftime('%w', 'now', '+' || n || ' days') <> '6' OR (b.saturday AND o.time < '13'))
     AND NOT EXISTS (SELECT 1 FROM appointments a
                      WHERE a.branch = b.id AND a.day = date('now', '+' || n || ' days') AND a.time = o.time);
