-- Three hundred invented customers, the same on every machine.

CREATE TEMP TABLE family_names (n INTEGER PRIMARY KEY, en TEXT, zh TEXT);
INSERT INTO family_names VALUES
  (0, 'Chen', '陈'), (1, 'Wang', '王'), (2, 'Li', '李'), (3, 'Zhang', '张'), (4, 'Liu', '刘'), (5, 'Yang', '杨'), (6, 'Zhao', '赵'), (7, 'Huang', '黄'), (8, 'Zhou', '周'), (9, 'Wu', '吴'), (10, 'Xu', '徐'), (11, 'Sun', '孙'), (12, 'Hu', '胡'), (13, 'Zhu', '朱'), (14, 'Gao', '高'), (15, 'Lin', '林'), (16, 'He', '何'), (17, 'Guo', '郭'), (18, 'Ma', '马'), (19, 'Luo', '罗');
CREATE TEMP TABLE given_names (n INTEGER PRIMARY KEY, en TEXT, zh TEXT);
INSERT INTO given_names VALUES
  (0, 'Anna', '安娜'), (1, 'Ben', '本'), (2, 'Mei', '梅'), (3, 'Jun', '军'), (4, 'Lily', '莉莉'), (5, 'David', '大伟'), (6, 'Yan', '燕'), (7, 'Tom', '汤姆'), (8, 'Xia', '霞'), (9, 'Peter', '彼得'), (10, 'Ling', '玲'), (11, 'Kevin', '凯文'), (12, 'Hong', '红'), (13, 'Emma', '艾玛'), (14, 'Qiang', '强'), (15, 'Grace', '格蕾丝'), (16, 'Wei', '伟');

-- 20 family and 17 given names have no common factor: no name comes twice among 340.
INSERT INTO customers (id, number, given_en, family_en, given_zh, family_zh, born, postcode, phone)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 320)
SELECT numbers.n,
       CAST(20000000 + (numbers.n * 26544357) % 79999987 AS TEXT),
       g.en, f.en, g.zh, f.zh,
       date('1948-01-01', '+' || ((numbers.n * 7919) % 20000) || ' days'),
       CAST(10000 + (numbers.n * 48271) % 89989 AS TEXT),
       '555' || CAST(1000000 + (numbers.n * 69621) % 8999993 AS TEXT)
  FROM numbers JOIN given_names g ON g.n = numbers.n % 17 JOIN family_names f ON f.n = numbers.n % 20;

DROP TABLE temp.family_names;
DROP TABLE temp.given_names;

-- Two to try the line with: their PINs are 2468 and 1357.
UPDATE customers SET given_en = 'Anna', family_en = 'Lin', given_zh = '安娜', family_zh = '林', number = '10000001', born = '1980-05-04', postcode = '10115', phone = '5550142' WHERE id = 1;
UPDATE customers SET given_en = 'David', family_en = 'Chen', given_zh = '大伟', family_zh = '陈', number = '10000002', born = '1990-12-24', postcode = '20095', phone = '5550177' WHERE id = 2;
