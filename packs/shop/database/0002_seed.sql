-- An invented shop, the same on every machine: 520 customers, 50 products, 1,100 orders. What looks random is arithmetic.
-- People buy mostly from one of seven categories, and mostly what goes with what they take: a recommendation finds that.

INSERT INTO cities VALUES
  (1, 'Harbour City', '港湾市'), (2, 'North Bay', '北湾市'), (3, 'Millfield', '磨坊镇'), (4, 'Lakeside', '湖畔镇'),
  (5, 'Red Hill', '红山市'), (6, 'Stonebridge', '石桥镇'), (7, 'Maple Valley', '枫谷镇'), (8, 'Greenport', '绿港市');

INSERT INTO carriers VALUES (1, 'Swift Post', '速邮'), (2, 'City Courier', '同城快递'), (3, 'Blue Freight', '蓝运物流');

INSERT INTO coupons VALUES
  ('LANTERN', 10, 0, 1), ('TEA15', 15, 3000, 1), ('CAMP20', 20, 10000, 1), ('BIKE10', 10, 2000, 1), ('SUMMER25', 25, 5000, 0);

-- Customers. The first six have orders that tests and demonstrations tell of.
CREATE TEMP TABLE given (id INTEGER PRIMARY KEY, en TEXT, zh TEXT);
INSERT INTO given VALUES
  (0, 'Anna', '安娜'), (1, 'Ben', '本'), (2, 'Chen', '晨'), (3, 'Dora', '朵拉'), (4, 'Emil', '埃米尔'), (5, 'Fang', '芳'),
  (6, 'Grace', '格蕾丝'), (7, 'Hugo', '雨果'), (8, 'Ines', '伊内丝'), (9, 'Jun', '军'), (10, 'Kate', '凯特'), (11, 'Liu', '柳'),
  (12, 'Mara', '玛拉'), (13, 'Nils', '尼尔斯'), (14, 'Olga', '奥尔加'), (15, 'Paul', '保罗'), (16, 'Qiang', '强'), (17, 'Rosa', '罗莎'),
  (18, 'Sven', '斯文'), (19, 'Ting', '婷'), (20, 'Uma', '乌玛'), (21, 'Victor', '维克多'), (22, 'Wei', '伟'), (23, 'Xenia', '克塞尼娅'),
  (24, 'Yan', '燕'), (25, 'Zoe', '佐伊');
CREATE TEMP TABLE family (id INTEGER PRIMARY KEY, en TEXT, zh TEXT);
INSERT INTO family VALUES
  (0, 'Archer', '阿彻'), (1, 'Bauer', '鲍尔'), (2, 'Cao', '曹'), (3, 'Dahl', '达尔'), (4, 'Evans', '埃文斯'), (5, 'Feng', '冯'),
  (6, 'Garcia', '加西亚'), (7, 'Huang', '黄'), (8, 'Ivanova', '伊万诺娃'), (9, 'Jensen', '延森'), (10, 'Keller', '凯勒'), (11, 'Lin', '林'),
  (12, 'Marsh', '马什'), (13, 'Novak', '诺瓦克'), (14, 'Owens', '欧文斯'), (15, 'Peng', '彭'), (16, 'Quinn', '奎因'), (17, 'Rossi', '罗西'),
  (18, 'Sun', '孙'), (19, 'Tanner', '坦纳');
CREATE TEMP TABLE streets (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO streets VALUES
  (0, 'Harbour Street'), (1, 'Mill Lane'), (2, 'Station Road'), (3, 'Orchard Way'), (4, 'Bridge Street'), (5, 'Garden Row'),
  (6, 'Church Hill'), (7, 'Market Square'), (8, 'River Walk'), (9, 'Oak Avenue'), (10, 'School Lane'), (11, 'Windmill Road');

INSERT INTO customers
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 519)
SELECT 100001 + i, g.en, g.zh, f.en, f.zh,
       lower(g.en) || '.' || lower(f.en) || '@example.com', '07700900' || printf('%03d', (i * 37 + 100) % 1000),
       (i * 7 % 93 + 1) || ' ' || s.name,
       CASE i WHEN 0 THEN '90210' WHEN 1 THEN '10115' WHEN 2 THEN '20095' WHEN 3 THEN '60311' WHEN 4 THEN '80331' WHEN 5 THEN '50667'
              ELSE printf('%05d', 10000 + i * 7919 % 89989) END,
       i % 8 + 1, i % 3 > 0, i % 4 = 0
  FROM n
  JOIN given g ON g.id = i % 26
  JOIN family f ON f.id = (i + i / 26) % 20
  JOIN streets s ON s.id = i % 12;

-- Everybody has a card, every second one a bank account, every third a gift card; numbers that belong to no bank.
INSERT INTO payment_methods
SELECT id * 10 + 1, id, 'the card ending in ' || printf('%04d', id * 7877 % 10000), '尾号' || printf('%04d', id * 7877 % 10000) || '的卡'
  FROM customers
UNION ALL SELECT id * 10 + 2, id, 'the bank account', '银行账户' FROM customers WHERE id % 2 = 0 OR id < 100007
UNION ALL SELECT id * 10 + 3, id, 'the gift card', '礼品卡' FROM customers WHERE id % 3 = 0 OR id < 100004;

INSERT INTO products (id, category, name_en, item_en, name_zh, option_kind, price_cents, warranty_months, goes_with) VALUES
  (1, 1, 'desk lamp', 'a desk lamp', '台灯', 'colour', 3490, 24, 6),
  (2, 1, 'paper lantern', 'a paper lantern', '纸灯笼', 'colour', 1890, 12, 5),
  (3, 1, 'floor lamp', 'a floor lamp', '落地灯', 'colour', 8900, 24, 6),
  (4, 1, 'night light', 'a night light', '小夜灯', 'tone', 1290, 24, 6),
  (5, 1, 'string lights', 'string lights', '串灯', 'tone', 1990, 12, 2),
  (6, 1, 'light bulb', 'a light bulb', '灯泡', 'tone', 990, 12, 1),
  (7, 1, 'reading light', 'a reading light', '阅读灯', 'colour', 1690, 24, 6),
  (8, 2, 'tea set', 'a tea set', '茶具', 'colour', 5900, 24, 10),
  (9, 2, 'teapot', 'a teapot', '茶壶', 'colour', 2900, 24, 10),
  (10, 2, 'green tea', 'green tea', '绿茶', 'volume', 1490, 6, 9),
  (11, 2, 'kettle', 'a kettle', '电热壶', 'colour', 4200, 24, 9),
  (12, 2, 'coffee mug', 'a coffee mug', '马克杯', 'colour', 1250, 12, 13),
  (13, 2, 'bamboo tray', 'a bamboo tray', '竹托盘', 'volume', 2100, 12, 8),
  (14, 2, 'tea strainer', 'a tea strainer', '茶漏', 'volume', 790, 12, 9),
  (15, 3, 'camping stove', 'a camping stove', '露营炉', 'volume', 7900, 24, 16),
  (16, 3, 'cooking pot', 'a cooking pot', '露营锅', 'volume', 3300, 24, 15),
  (17, 3, 'tent', 'a tent', '帐篷', 'volume', 12900, 24, 21),
  (18, 3, 'sleeping bag', 'a sleeping bag', '睡袋', 'size', 6900, 24, 21),
  (19, 3, 'headlamp', 'a headlamp', '头灯', 'colour', 2490, 24, 17),
  (20, 3, 'folding chair', 'a folding chair', '折叠椅', 'colour', 3900, 24, 17),
  (21, 3, 'camping mat', 'a camping mat', '防潮垫', 'size', 2700, 12, 18),
  (22, 4, 'bicycle light', 'a bicycle light', '自行车灯', 'colour', 2290, 24, 23),
  (23, 4, 'bicycle lock', 'a bicycle lock', '自行车锁', 'colour', 2990, 24, 22),
  (24, 4, 'helmet', 'a helmet', '头盔', 'size', 4990, 24, 26),
  (25, 4, 'bicycle pump', 'a bicycle pump', '打气筒', 'colour', 1890, 24, 23),
  (26, 4, 'cycling gloves', 'cycling gloves', '骑行手套', 'size', 1990, 12, 24),
  (27, 4, 'bicycle bell', 'a bicycle bell', '自行车铃', 'colour', 890, 12, 22),
  (28, 4, 'pannier bag', 'a pannier bag', '驮包', 'colour', 5400, 24, 23),
  (29, 5, 'headphones', 'headphones', '耳机', 'colour', 8990, 24, 30),
  (30, 5, 'headphone stand', 'a headphone stand', '耳机架', 'colour', 1990, 12, 29),
  (31, 5, 'speaker', 'a speaker', '音箱', 'colour', 6490, 24, 32),
  (32, 5, 'charging cable', 'a charging cable', '充电线', 'volume', 1190, 12, 33),
  (33, 5, 'power bank', 'a power bank', '充电宝', 'volume', 3590, 24, 32),
  (34, 5, 'desk mat', 'a desk mat', '桌垫', 'volume', 1690, 12, 35),
  (35, 5, 'webcam', 'a webcam', '摄像头', 'colour', 4590, 24, 34),
  (36, 6, 'backpack', 'a backpack', '背包', 'colour', 6400, 24, 40),
  (37, 6, 'suitcase', 'a suitcase', '行李箱', 'volume', 11900, 60, 41),
  (38, 6, 'travel pillow', 'a travel pillow', '旅行枕', 'colour', 1790, 12, 37),
  (39, 6, 'umbrella', 'an umbrella', '雨伞', 'colour', 2190, 12, 36),
  (40, 6, 'water bottle', 'a water bottle', '水壶', 'volume', 1590, 24, 36),
  (41, 6, 'packing cubes', 'packing cubes', '收纳袋', 'colour', 2390, 12, 37),
  (42, 6, 'toiletry bag', 'a toiletry bag', '洗漱包', 'colour', 1990, 12, 41),
  (43, 7, 'raincoat', 'a raincoat', '雨衣', 'size', 4550, 24, 50),
  (44, 7, 'wool socks', 'wool socks', '羊毛袜', 'size', 1250, 6, 46),
  (45, 7, 'scarf', 'a scarf', '围巾', 'colour', 2690, 12, 49),
  (46, 7, 'slippers', 'slippers', '拖鞋', 'size', 1990, 12, 44),
  (47, 7, 'wool blanket', 'a wool blanket', '羊毛毯', 'colour', 5200, 24, 48),
  (48, 7, 'cushion', 'a cushion', '靠垫', 'colour', 1890, 12, 47),
  (49, 7, 'winter gloves', 'winter gloves', '保暖手套', 'size', 1690, 12, 45),
  (50, 7, 'rain boots', 'rain boots', '雨靴', 'size', 3990, 24, 43);

UPDATE products SET used_up = 1 WHERE name_en IN ('green tea', 'light bulb', 'wool socks');

-- Which options a product comes in, and what an option adds to its price.
CREATE TEMP TABLE options (kind TEXT, place INTEGER, en TEXT, zh TEXT, extra_percent INTEGER);
INSERT INTO options VALUES
  ('colour', 1, 'black', '黑色', 0), ('colour', 2, 'white', '白色', 0), ('colour', 3, 'blue', '蓝色', 0), ('colour', 4, 'red', '红色', 5),
  ('size', 1, 'small', '小号', 0), ('size', 2, 'medium', '中号', 0), ('size', 3, 'large', '大号', 0),
  ('volume', 1, 'small', '小号', 0), ('volume', 2, 'medium', '中号', 10), ('volume', 3, 'large', '大号', 25),
  ('tone', 1, 'warm light', '暖光', 0), ('tone', 2, 'cool light', '冷光', 0);

-- A variant's number is its product's and its place; one in nine is sold out.
INSERT INTO variants
SELECT p.id * 10 + o.place, p.id, o.en, o.zh, p.price_cents + p.price_cents * o.extra_percent / 1000 * 10, (p.id * 5 + o.place * 4) % 9
  FROM products p JOIN options o ON o.kind = p.option_kind;

-- Orders that tests and demonstrations tell of: number, customer, status, days, carrier, variant, a second variant.
CREATE TEMP TABLE told (number TEXT, customer INTEGER, status TEXT, arrives INTEGER, delivered INTEGER, carrier INTEGER, one INTEGER, two INTEGER);
INSERT INTO told VALUES
  ('4271', 100001, 'shipped', 2, NULL, 1, 11, NULL),
  ('2801', 100001, 'delivered', NULL, 12, 1, 472, 483),
  ('18073', 100001, 'cancelled', NULL, NULL, 2, 13, NULL),
  ('12345', 100002, 'delivered', NULL, 6, 2, 291, NULL),
  ('12346', 100002, 'shipped', 1, NULL, 3, 22, NULL),
  ('12471', 100002, 'cancelled', NULL, NULL, 3, 82, NULL),
  ('7101', 100002, 'processing', NULL, NULL, 1, 402, NULL),
  ('1180', 100003, 'delivered', NULL, 45, 1, 432, NULL),
  ('8889', 100003, 'delivered', NULL, 11, 2, 151, NULL),
  ('19501', 100003, 'shipped', -3, NULL, 2, 501, NULL),
  ('5150', 100004, 'processing', NULL, NULL, 1, 152, NULL),
  ('15691', 100004, 'processing', NULL, NULL, 2, 82, 101),
  ('6726', 100004, 'delivered', NULL, 13, 2, 393, NULL),
  ('6024', 100005, 'cancelled', NULL, NULL, 2, 361, NULL),
  ('7233', 100006, 'delivered', NULL, 4, 1, 443, 431),
  ('14337', 100006, 'processing', NULL, NULL, 3, 32, NULL);

-- The rest: 1,084 orders of the other customers. Each column of dice is one stream of arithmetic.
CREATE TEMP TABLE dice AS
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1084)
SELECT i, CAST(20000 + i * 6007 % 79997 AS TEXT) AS number, 100007 + i * 311 % 514 AS customer,
       (i * 2654435761 >> 7) % 1000 AS a, (i * 2246822519 >> 7) % 1000 AS b, (i * 3266489917 >> 7) % 1000 AS c,
       (i * 668265263 >> 7) % 1000 AS d, (i * 374761393 >> 7) % 1000 AS e
  FROM n;

CREATE TEMP TABLE baskets AS
SELECT i, number, customer, a, b, c, d,
       CASE WHEN a < 750 THEN customer % 7 * 7 + min(b % 7, c % 7) + 1 ELSE c % 50 + 1 END AS first,
       CASE WHEN e < 550 THEN 'goes with' WHEN e < 700 THEN 'anything' ELSE 'nothing' END AS second
  FROM dice;

INSERT INTO orders (number, customer, status, placed_days_ago, arrives_in_days, delivered_days_ago, carrier, payment, coupon, street, postcode, city)
WITH plain AS (
  SELECT number, customer, status, coalesce(delivered + 3, CASE status WHEN 'shipped' THEN 2 WHEN 'cancelled' THEN 9 ELSE 0 END) AS placed,
         arrives, delivered, carrier, NULL AS coupon
    FROM told
  UNION ALL
  SELECT number, customer,
         CASE WHEN d < 100 THEN 'cancelled' WHEN d < 220 THEN 'processing' WHEN d < 380 THEN 'shipped' ELSE 'delivered' END,
         CASE WHEN d < 100 THEN c % 60 + 5 WHEN d < 220 THEN b % 2 WHEN d < 380 THEN b % 3 + 1 ELSE c % 90 + 4 END,
         CASE WHEN d BETWEEN 220 AND 379 THEN CASE WHEN c % 20 = 0 THEN -2 ELSE c % 4 + 1 END END,
         CASE WHEN d >= 380 THEN c % 90 + 1 END,
         i % 3 + 1,
         CASE b % 25 WHEN 0 THEN 'LANTERN' WHEN 1 THEN 'BIKE10' END
    FROM baskets)
SELECT p.number, p.customer, p.status, p.placed, p.arrives, p.delivered, p.carrier, p.customer * 10 + 1, p.coupon, c.street, c.postcode, c.city
  FROM plain p JOIN customers c ON c.id = p.customer;

INSERT INTO order_items (order_number, variant, price_cents)
WITH bought (number, place, variant) AS (
  SELECT number, 1, one FROM told
  UNION ALL SELECT number, 2, two FROM told WHERE two IS NOT NULL
  UNION ALL SELECT number, 1, first * 10 + d % 2 + 1 FROM baskets
  UNION ALL SELECT b.number, 2, p.goes_with * 10 + c % 2 + 1 FROM baskets b JOIN products p ON p.id = b.first WHERE b.second = 'goes with'
  UNION ALL SELECT number, 2, (a % 50 + 1) * 10 + c % 2 + 1 FROM baskets WHERE second = 'anything' AND a % 50 + 1 <> first)
SELECT b.number, b.variant, v.price_cents FROM bought b JOIN variants v ON v.id = b.variant ORDER BY b.number, b.place;

INSERT INTO invoices SELECT 'V' || number, number FROM orders WHERE status IN ('shipped', 'delivered');

-- Some of what was delivered has gone back; some customers have complained.
INSERT INTO returns (id, order_number, reason, refund_cents)
SELECT 1000 + row_number() OVER (ORDER BY t.number), t.number, 'unwanted', t.total_cents
  FROM told_orders t JOIN baskets b USING (number) WHERE t.status = 'delivered' AND b.i % 12 = 0;

INSERT INTO exchanges (id, order_number, item, variant, difference_cents)
SELECT 1000 + row_number() OVER (ORDER BY t.id), t.order_number, t.id, t.variant, 0
  FROM told_items t JOIN baskets b ON b.number = t.order_number
 WHERE t.status = 'delivered' AND b.i % 12 = 6 AND t.id = (SELECT MIN(id) FROM order_items WHERE order_number = t.order_number);

INSERT INTO tickets (id, customer, order_number, about, details, status)
SELECT 1000 + row_number() OVER (ORDER BY o.number), o.customer, o.number, 'late', 'The parcel came late.', 'closed'
  FROM orders o JOIN baskets b USING (number) WHERE o.status = 'delivered' AND b.i % 20 = 3;

DROP TABLE given; DROP TABLE family; DROP TABLE streets; DROP TABLE options; DROP TABLE told; DROP TABLE dice; DROP TABLE baskets;
