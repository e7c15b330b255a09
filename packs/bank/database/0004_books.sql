-- Accounts, cards, payees and more than six thousand transactions; days are counted back from the day the database is made.

INSERT INTO merchants (id, name_en, name_zh, typical_cents) VALUES
  (1, 'Blue Kettle Coffee', '蓝壶咖啡', 480),
  (2, 'Corner Bakery', '街角面包房', 760),
  (3, 'Greenleaf Market', '绿叶超市', 5230),
  (4, 'Riverside Pharmacy', '河畔药房', 1890),
  (5, 'City Metro', '城市地铁', 300),
  (6, 'Comet Taxi', '彗星出租车', 2150),
  (7, 'North Star Cinema', '北极星影院', 1600),
  (8, 'Paper Crane Books', '纸鹤书店', 3240),
  (9, 'Lantern Shop', '灯笼商店', 6400),
  (10, 'Silver Spoon Restaurant', '银匙餐厅', 8450),
  (11, 'Harbour Fuel', '港湾加油站', 6120),
  (12, 'Pine Gym', '松树健身房', 4500),
  (13, 'Cloudberry Mobile', '云莓通信', 2900),
  (14, 'Stream Box', '流光影音', 1290),
  (15, 'Golden Noodle House', '金面馆', 1850),
  (16, 'Tidy Laundry', '洁净洗衣店', 1400),
  (17, 'Bright Electric', '明亮电器', 18900),
  (18, 'Maple Furniture', '枫叶家具', 32500),
  (19, 'Swift Air', '迅捷航空', 41200),
  (20, 'Seaview Hotel', '海景酒店', 27800),
  (21, 'Happy Paws Vet', '快乐爪宠物医院', 9600),
  (22, 'Old Town Tools', '老城五金', 3890),
  (23, 'Little Genius Toys', '小天才玩具', 4700),
  (24, 'Garden Gate Flowers', '花园门花店', 2600);

-- The last digit tells the kind of account, so that no two targets of a customer end in the same four.
INSERT INTO accounts (id, customer, number, kind, balance_cents)
SELECT 2 * id - 1, id, CAST(6100000001 + 10 * ((id * 7368787) % 89999993) AS TEXT), 'current', 0 FROM customers
UNION ALL
SELECT 2 * id, id, CAST(7100000002 + 10 * ((id * 5915587) % 89999993) AS TEXT), 'savings', 0 FROM customers WHERE id % 10 <> 9;

-- Everybody has a debit card, two in three a credit card, one in seven a second debit card.
INSERT INTO cards (customer, account, last_four, kind)
SELECT id, 2 * id - 1, printf('%04d', (id * 3571 + 1009) % 9973), 'debit' FROM customers
UNION ALL
SELECT id, 2 * id - 1, printf('%04d', (id * 2731 + 5003) % 9967), 'credit' FROM customers WHERE id % 3 <> 0
UNION ALL
SELECT id, 2 * id - 1, printf('%04d', (id * 1999 + 7001) % 9949), 'debit' FROM customers WHERE id % 7 = 1;

-- 20 purchases of everybody, one every two or three days, at changing shops.
INSERT INTO transactions (account, booked_on, amount_cents, kind, what_en, what_zh, card)
WITH RECURSIVE times (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM times WHERE k < 19)
SELECT 2 * c.id - 1,
       date('now', '-' || (1 + (k * 5 + c.id % 3) / 2) || ' days'),
       -(m.typical_cents + (c.id * 37 + k * 101) % (m.typical_cents / 3 + 1)),
       'card', m.name_en, m.name_zh,
       (SELECT MIN(id) FROM cards WHERE customer = c.id)
  FROM customers c, times JOIN merchants m ON m.id = 1 + (c.id * 5 + k * 7) % 24;

-- Two salaries, one withdrawal, and the interest of the savings account.
INSERT INTO transactions (account, booked_on, amount_cents, kind, what_en, what_zh)
SELECT 2 * id - 1, date('now', '-' || (3 + id % 5 + 30 * k) || ' days'), 220000 + (id * 977) % 260000, 'salary', 'your salary', '工资'
  FROM customers, (SELECT 0 AS k UNION ALL SELECT 1)
UNION ALL
SELECT 2 * id - 1, date('now', '-' || (6 + id % 9) || ' days'), -5000 * (1 + id % 4), 'cash', 'cash from a machine', '取现' FROM customers
UNION ALL
SELECT a.id, date('now', '-' || (10 + 30 * k) || ' days'), 150 + (a.id * 13) % 900, 'interest', 'interest', '利息'
  FROM accounts a, (SELECT 0 AS k UNION ALL SELECT 1) WHERE a.kind = 'savings';

-- A balance is what the account was opened with and everything booked since.
UPDATE accounts SET opening_cents = 400000 + (id * 7907) % 900000;
UPDATE accounts SET balance_cents = opening_cents + (SELECT COALESCE(SUM(amount_cents), 0) FROM transactions t WHERE t.account = accounts.id);

INSERT INTO payees (customer, name_en, name_zh, nick_en, nick_zh, number)
SELECT id, 'Hill Street Rentals', '山街租房', 'my landlord', '房东', CAST(8100000003 + 10 * ((id * 3367) % 99991) AS TEXT) FROM customers
UNION ALL
SELECT c.id, o.given_en || ' ' || o.family_en, o.family_zh || o.given_zh, o.given_en, o.given_zh, CAST(8200000004 + 10 * ((c.id * 4253) % 99989) AS TEXT)
  FROM customers c JOIN customers o ON o.id = 1 + (c.id * 11) % 320 AND o.id <> c.id
UNION ALL
SELECT id, 'City Power', '城市电力', 'electricity', '电费', CAST(8300000005 + 10 * ((id * 5167) % 99971) AS TEXT) FROM customers WHERE id % 2 = 1;

INSERT INTO rates (product, name_en, name_zh, rate) VALUES
  ('savings', 'the savings account', '储蓄账户', 125),
  ('fixed', 'a fixed deposit of one year', '一年定期存款', 210),
  ('loan', 'a personal loan', '个人贷款', 490),
  ('mortgage', 'a home loan', '住房贷款', 385),
  ('overdraft', 'the credit line of a current account', '活期账户透支', 975),
  ('card', 'a credit card that is not paid in full', '信用卡未全额还款', 1460),
  ('instalments', 'a card purchase paid in instalments', '信用卡分期每月手续费', 60);

INSERT INTO branches (id, name_en, name_zh, address_en, address_zh, hours_en, hours_zh, saturday) VALUES
  ('central', 'the main branch', '总行营业部', '1 Market Square', '市场广场1号',
   'Monday to Friday from 9 to 6, and on Saturday from 9 to 1', '周一到周五9点到18点，周六9点到13点', 1),
  ('harbour', 'the harbour branch', '港湾支行', '27 Harbour Street', '港湾街27号',
   'Monday to Friday from 9 to 5, and on Saturday from 9 to 1', '周一到周五9点到17点，周六9点到13点', 1),
  ('university', 'the university branch', '大学支行', '4 Library Road', '图书馆路4号',
   'Monday to Friday from 10 to 5', '周一到周五10点到17点', 0),
  ('airport', 'the airport branch', '机场支行', 'the arrivals hall of the airport', '机场到达大厅',
   'Monday to Friday from 8 to 8', '周一到周五8点到20点', 0);

INSERT INTO opening_times (time) VALUES
  ('09:30'), ('10:00'), ('10:30'), ('11:00'), ('11:30'), ('12:00'), ('14:00'), ('14:30'), ('15:00'), ('15:30'), ('16:00'), ('16:30');

-- A third of the times of the next three weeks is taken.
INSERT INTO appointments (customer, branch, topic, day, time)
SELECT 1 + (unixepoch(day) / 86400 + length(branch) * 31 + CAST(substr(time, 1, 2) AS INTEGER) * 17) % 320, branch, 'account', day, time
  FROM free_times
 WHERE (unixepoch(day) / 86400 + length(branch) + CAST(replace(time, ':', '') AS INTEGER) / 10) % 3 = 0;
