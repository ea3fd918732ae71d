-- # Common table expressions
WITH big AS (FROM orders WHERE amount > 15) SELECT count(*) FROM big
-- = [["3"]]
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a), c AS MATERIALIZED (SELECT y * 10 AS z FROM b) SELECT x, y, z FROM a, b, c
-- = [[1,2,20]]
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n * 2 FROM r WHERE n < 60) SELECT list(n ORDER BY n) FROM r
-- = [[[1,2,4,8,16,32,64]]]
WITH RECURSIVE fib(i, a, b) AS (SELECT 1, 0::BIGINT, 1::BIGINT UNION ALL SELECT i + 1, b, a + b FROM fib WHERE i < 10) SELECT max(a) FROM fib
-- = [["34"]]
WITH RECURSIVE t(k, v) USING KEY (k) AS (SELECT 1, 1 UNION SELECT k, v + 1 FROM t WHERE v < 5) FROM t
-- = [[1,5]]
WITH orders AS (SELECT 42 AS id) SELECT id FROM orders
-- = [[42]]

-- # Window functions
SELECT id, sum(amount) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders ORDER BY id LIMIT 3
-- = [["1",10.5],["2",30.5],["3",35.75]]
SELECT id, avg(qty) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) AS around FROM orders ORDER BY id LIMIT 2
-- = [["1",1],["2",3.5]]
SELECT id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, ntile(2) OVER w FROM orders WINDOW w AS (ORDER BY qty) ORDER BY qty, id LIMIT 2
-- = [["2","1","1","1","1"],["6","2","1","1","1"]]
SELECT region, id FROM orders WHERE region IS NOT NULL QUALIFY row_number() OVER (PARTITION BY region ORDER BY amount DESC) = 1 ORDER BY region
-- = [["east","4"],["north","1"],["south","2"]]
SELECT id, lag(amount, 1, 0) OVER (ORDER BY id), lead(amount) OVER (ORDER BY id), first_value(id) OVER (ORDER BY amount), nth_value(id, 2) OVER (ORDER BY id) FROM orders ORDER BY id LIMIT 2
-- = [["1",0,20,"3",null],["2",10.5,5.25,"3","2"]]
SELECT id, count(*) OVER (ORDER BY day RANGE BETWEEN INTERVAL 20 DAYS PRECEDING AND CURRENT ROW) AS recent FROM orders ORDER BY id
-- = [["1","1"],["2","2"],["3","2"],["4","2"],["5","1"],["6","1"]]
SELECT id, percent_rank() OVER (ORDER BY id), cume_dist() OVER (ORDER BY id) FROM orders ORDER BY id DESC LIMIT 1
-- = [["6",1,1]]
SELECT sum(DISTINCT qty) OVER () AS s, last_value(region IGNORE NULLS) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS l FROM orders LIMIT 1
-- = [["15","south"]]
SELECT id, count(*) FILTER (WHERE qty > 1) OVER (ORDER BY id GROUPS 1 PRECEDING) AS c FROM orders ORDER BY id LIMIT 2
-- = [["1","1"],["2","1"]]

-- # Pivots
FROM (PIVOT orders ON region IN ('north', 'south') USING sum(qty) GROUP BY qty) ORDER BY ALL LIMIT 2
-- = [[1,null,"1"],[2,"2",null]]
PIVOT (SELECT region, qty FROM orders) ON region IN ('north', 'east') USING sum(qty) AS q, count(*) AS n
-- = [["7","2","4","1"]]
SELECT * FROM (SELECT region, qty FROM orders) PIVOT (max(qty) FOR region IN ('north', 'south'))
-- = [[5,3]]
FROM (UNPIVOT (SELECT id, qty, amount::INTEGER AS whole FROM orders WHERE id = 1) ON qty, whole INTO NAME what VALUE n)
-- = [["1","qty",2],["1","whole",10]]
SELECT * FROM (SELECT 1 AS a, NULL::INTEGER AS b) UNPIVOT INCLUDE NULLS (v FOR k IN (a, b))
-- = [["a",1],["b",null]]
UNPIVOT (SELECT 1 AS a, 2 AS b) ON COLUMNS(*)
-- = [["a",1],["b",2]]

-- # Lists, structs, maps, unions
SELECT list_transform([1, 2, 3], x -> x * 10), list_filter([1, 2, 3], lambda x: x > 1), list_reduce([1, 2, 3], lambda a, b: a + b)
-- = [[[10,20,30],[2,3],6]]
SELECT [x * 2 FOR x IN [1, 2, 3] IF x > 1], [upper(t) FOR t IN tags] FROM orders WHERE id = 1
-- = [[[4,6],["NEW","WEB"]]]
SELECT list_transform(tags, lambda t, i: t || i) FROM orders WHERE id = 5
-- = [[["web1","old2","sale3"]]]
SELECT tags[1], tags[-1], tags[1:2], len(tags), list_contains(tags, 'old'), 'sale' IN tags FROM orders WHERE id = 5
-- = [["web","sale",["web","old"],"3",true,true]]
SELECT list_sort([3, 1, 2], 'DESC'), list_distinct([1, 1]), list_concat([1], [2]), flatten([[1], [2, 3]]), list_zip([1], ['a'])[1][2]
-- = [[[3,2,1],[1],[1,2],[1,2,3],"a"]]
SELECT list_aggregate([1, 2, 6], 'avg'), list_sum([1, 2]), list_min([3, 1]), array_to_string([1, 2], '-'), list_position(['a', 'b'], 'b')
-- = [[3,"3",1,"1-2",2]]
SELECT customer.name, customer['vip'], struct_extract(customer, 'name'), struct_keys(customer), region.upper() FROM orders WHERE id = 1
-- = [["Ann",true,"Ann",["name","vip"],"NORTH"]]
SELECT {'a': 1, 'b': {'c': [1, 2]}}, struct_pack(x := 1, y := 'z'), struct_insert({'a': 1}, b := 2), ROW(1, 'x')[2]
-- = [[{"a":1,"b":{"c":[1,2]}},{"x":1,"y":"z"},{"a":1,"b":2},"x"]]
SELECT MAP {'a': 1, 'b': 2}['b'], map_keys(MAP {'k': 1}), map_from_entries([('x', 1)]), cardinality(MAP([1, 2], [3, 4])), element_at(MAP {1: 2}, 1)
-- = [[2,["k"],[{"key":"x","value":1}],"2",[2]]]
SELECT union_value(n := 3), union_tag(union_value(s := 'x')), 1::UNION(n INTEGER, s VARCHAR)
-- = [[{"n":3},"s",{"n":1}]]
SELECT t, count(*) AS n FROM orders, unnest(tags) AS u(t) GROUP BY t ORDER BY n DESC, t LIMIT 2
-- = [["web","3"],["old","2"]]
SELECT unnest({'a': 1, 'b': 2}), unnest([[1], [2]], recursive := true)
-- = [[1,2,1],[1,2,2]]
SELECT array_value(1, 2, 3), array_cosine_similarity([1, 0]::FLOAT[2], [1, 0]::FLOAT[2]), [1, 2]::INTEGER[2]
-- = [[[1,2,3],1,[1,2]]]
SELECT 'b'::ENUM('a', 'b'), enum_code('b'::ENUM('a', 'b'))
-- = [["b",1]]

-- # JSON
SELECT note->'lines'->0, note->>'gift', note->>'$.lines[1]', json_extract_string(note, 'gift') FROM orders WHERE id = 1
-- = [[1,"true","2","true"]]
SELECT json_array_length(note, '$.lines'), json_keys(note), json_type(note, 'gift'), json_valid(note) FROM orders WHERE id = 4
-- = [["1",["gift","lines"],"BOOLEAN",true]]
SELECT to_json(customer), json_object('k', id), json_array(1, 'x'), json_merge_patch('{"a":1}', '{"b":2}') FROM orders WHERE id = 2
-- = [[{"name":"Bob","vip":false},{"k":2},[1,"x"],{"a":1,"b":2}]]
SELECT json_group_array(id), json_group_object(region, id) FROM orders WHERE id IN (1, 2)
-- = [[[1,2],{"north":1,"south":2}]]
SELECT from_json(note, '{"gift":"BOOLEAN","lines":["INTEGER"]}') FROM orders WHERE id = 1
-- = [[{"gift":true,"lines":[1,2]}]]
SELECT key, value, type FROM json_each('{"a":1,"b":[2]}')
-- = [["a",1,"UBIGINT"],["b",[2],"ARRAY"]]
SELECT count(*) FROM orders, json_tree(orders.note) WHERE note IS NOT NULL
-- = [["13"]]
SELECT json_structure('{"a":[1]}'), ('{"x": {"y": 3}}'::JSON).x.y, json('[1]')
-- = [[{"a":["UBIGINT"]},3,[1]]]

-- # Texts
SELECT upper('abc'), 'abc'[1:2], left('abc', 1), substring('hello' FROM 2 FOR 3), trim(BOTH 'x' FROM 'xax'), position('l' IN 'hello'), 'a' || 'b', concat_ws('-', 1, NULL, 2)
-- = [["ABC","ab","a","ell","a","3","ab","1-2"]]
SELECT regexp_matches('abc', '^a'), regexp_extract('k=12', '(\w)=(\d+)', ['k', 'v']), regexp_replace('aXbX', 'X', '-', 'g'), 'abc' SIMILAR TO 'a.*', 'abc' ~ 'b', regexp_split_to_array('a,b;c', '[,;]')
-- = [[true,{"k":"k","v":"12"},"a-b-",true,false,["a","b","c"]]]
SELECT 'abc' LIKE 'a%', 'ABC' ILIKE 'a_c', 'a%' LIKE 'a#%' ESCAPE '#', 'abc' GLOB 'a*', 'abc' NOT LIKE 'b%', 'abc' ^@ 'ab'
-- = [[true,true,true,true,true,true]]
SELECT split_part('a-b-c', '-', 2), string_split('a b', ' '), lpad('7', 3, '0'), reverse('abc'), repeat('ab', 2), replace('aaa', 'a', 'b'), format('{:.1f} {}', 1.25, 'x'), printf('%05d', 42)
-- = [["b",["a","b"],"007","cba","abab","bbb","1.2 x","00042"]]
SELECT levenshtein('kitten', 'sitting'), jaccard('ab', 'abc'), strip_accents('Émile'), ascii('A'), chr(66), md5('a'), sha256('a')[1:8], hex('A'), to_base64('ab'::BLOB), url_encode('a b')
-- = [["3",0.6666666666666666,"Emile",65,"B","0cc175b9c0f1b6a831c399e269772661","ca978112","41","YWI=","a%20b"]]
SELECT customer.name FROM orders ORDER BY customer.name COLLATE NOCASE.NOACCENT LIMIT 6
-- = [["Ann"],["Ann"],["Bob"],["Cleo"],["Dora"],["Émile"]]
SELECT 'É' = 'e' COLLATE NOCASE.NOACCENT, list(n ORDER BY n COLLATE de) FROM (VALUES ('z'), ('ä'), ('a')) v(n)
-- = [[true,["a","ä","z"]]]
SELECT string_agg(region, ',' ORDER BY id), group_concat(id, '|') FROM orders WHERE id < 3
-- = [["north,south","1|2"]]
SELECT length('é'), strlen('é'), length_grapheme('é'), unicode('é'), translate('abc', 'ab', 'xy'), starts_with('abc', 'a'), contains('abc', 'b'), bar(5, 0, 10, 4)
-- = [["1","2","1",233,"xyc",true,true,"██  "]]

-- # Dates and times
SELECT date_trunc('month', day), date_part('week', day), extract(year FROM day), dayname(day), last_day(day), day + INTERVAL 1 MONTH FROM orders WHERE id = 1
-- = [["2024-01-01T00:00:00","1","2024","Friday","2024-01-31","2024-02-05T00:00:00"]]
SELECT date_diff('day', DATE '2024-01-01', DATE '2024-03-01'), age(TIMESTAMP '2024-03-01', TIMESTAMP '2024-01-15'), DATE '2024-03-01' - DATE '2024-02-01'
-- = [["60","P1M17D","29"]]
SELECT strftime(day, '%d/%m/%Y'), strptime('05.01.2024', '%d.%m.%Y'), try_strptime('x', '%d'), make_date(2024, 2, 29), epoch_ms(0) FROM orders WHERE id = 1
-- = [["05/01/2024","2024-01-05T00:00:00",null,"2024-02-29","1970-01-01T00:00:00"]]
SELECT time_bucket(INTERVAL '1 month', day) AS bucket, sum(qty) FROM orders GROUP BY bucket ORDER BY bucket
-- = [["2024-01-01","3"],["2024-02-01","9"],["2024-03-01","4"]]
SELECT TIMESTAMPTZ '2024-06-01 12:00:00+02', TIMESTAMP '2024-06-01 12:00:00' AT TIME ZONE 'Europe/Berlin', TIME '10:00' + INTERVAL 90 MINUTES
-- = [["2024-06-01T10:00:00Z","2024-06-01T10:00:00Z","11:30:00"]]
SELECT current_date = today(), now() IS NOT NULL, current_timestamp > TIMESTAMPTZ '2020-01-01', to_timestamp(0), INTERVAL 3 DAYS * 2
-- = [[true,true,true,"1970-01-01T00:00:00Z","P6D"]]
SELECT d::DATE FROM generate_series(DATE '2024-01-01', DATE '2024-01-03', INTERVAL 1 DAY) AS g(d)
-- = [["2024-01-01"],["2024-01-02"],["2024-01-03"]]
SELECT id FROM orders WHERE day BETWEEN '2024-02-01' AND '2024-02-29' AND hour("at") < 12
-- = [["3"]]

-- # Samples, joins, subqueries
SELECT count(*) FROM (FROM range(1000) USING SAMPLE 10 ROWS)
-- = [["10"]]
SELECT count(*) BETWEEN 1 AND 99 FROM range(100) TABLESAMPLE bernoulli(50%) REPEATABLE (42)
-- = [[true]]
SELECT count(*) FROM range(100) USING SAMPLE reservoir(20 ROWS) REPEATABLE (7)
-- = [["20"]]
SELECT o.id, p.price FROM orders o ASOF JOIN (VALUES (DATE '2024-01-01', 1.5), (DATE '2024-02-10', 2.5)) p(since, price) ON o.day >= p.since ORDER BY o.id LIMIT 4
-- = [["1","1.5"],["2","1.5"],["3","1.5"],["4","2.5"]]
SELECT o.id, n.twice FROM orders o, LATERAL (SELECT o.qty * 2 AS twice) n ORDER BY o.id LIMIT 2
-- = [["1",4],["2",2]]
SELECT a.id, b.id FROM orders a LEFT JOIN orders b ON b.id = a.id + 1 AND b.region = 'south' ORDER BY a.id LIMIT 3
-- = [["1","2"],["2",null],["3",null]]
SELECT count(*) FROM orders a FULL JOIN orders b USING (id) SEMI JOIN orders c USING (id) ANTI JOIN (SELECT 1 AS id) d USING (id)
-- = [["5"]]
SELECT * FROM (VALUES (1), (2)) a(x) POSITIONAL JOIN (VALUES ('p'), ('q')) b(y) NATURAL JOIN (SELECT 1 AS x)
-- = [[1,"p"]]
SELECT id FROM orders o WHERE amount > (SELECT avg(amount) FROM orders i WHERE i.region = o.region) ORDER BY id
-- = [["1"],["2"]]
SELECT EXISTS (FROM orders WHERE qty = 5), 3 IN (SELECT qty FROM orders), 4 = ANY (SELECT qty FROM orders), 0 < ALL (SELECT qty FROM orders), 9 NOT IN (1, 2), ARRAY(SELECT id FROM orders WHERE id < 3)
-- = [[true,true,true,true,true,["1","2"]]]
SELECT (SELECT count(*) FROM orders), (SELECT max(o.id) FROM orders o WHERE o.qty = orders.qty) FROM orders WHERE id = 2
-- = [["6","6"]]

-- # Grouping and aggregates
SELECT region, count(*) FROM orders GROUP BY ALL ORDER BY ALL
-- = [["east","1"],["north","2"],["south","2"],[null,"1"]]
SELECT region, customer.vip, GROUPING(region, customer.vip) AS g, sum(qty) FROM orders WHERE id < 3 GROUP BY GROUPING SETS ((region), (customer.vip), ()) ORDER BY g, 1, 2
-- = [["north",null,"1","2"],["south",null,"1","1"],[null,false,"2","1"],[null,true,"2","2"],[null,null,"3","3"]]
SELECT region, customer.vip AS vip, count(*) FROM orders WHERE id < 3 GROUP BY CUBE (region, vip) ORDER BY ALL
-- = [["north",true,"1"],["north",null,"1"],["south",false,"1"],["south",null,"1"],[null,false,"1"],[null,true,"1"],[null,null,"2"]]
SELECT region, month(day) AS m, sum(qty) FROM orders WHERE region = 'north' GROUP BY ROLLUP (region, m) ORDER BY ALL
-- = [["north","1","2"],["north","2","5"],["north",null,"7"],[null,null,"7"]]
SELECT count(*) FILTER (WHERE qty > 2), sum(amount) FILTER (customer.vip), count(DISTINCT region), bool_and(qty > 0) FROM orders
-- = [["3",58.25,"3",true]]
SELECT median(qty), quantile_cont(qty, 0.5), quantile_disc(qty, [0.25, 0.75]), mode(qty), percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM orders
-- = [[2.5,2.5,[1,4],1,15.25]]
SELECT arg_max(id, amount), arg_min(id, amount), max(id, 2), any_value(id ORDER BY id), first(id ORDER BY id DESC) FROM orders
-- = [["6","3",["6","5"],"1","6"]]
SELECT histogram(qty), approx_count_distinct(region), stddev_pop(qty)::DECIMAL(8, 4), corr(id, id), entropy(1) FROM orders
-- = [[[{"key":1,"value":"2"},{"key":2,"value":"1"},{"key":3,"value":"1"},{"key":4,"value":"1"},{"key":5,"value":"1"}],"3","1.4907",1,0]]
SELECT region, sum(amount) AS total FROM orders GROUP BY region HAVING sum(amount) > 20 ORDER BY total DESC NULLS LAST
-- = [[null,100],["east",40],["south",27.75]]
SELECT bit_or(qty), product(qty), string_agg(DISTINCT region, '+' ORDER BY region), list(id ORDER BY amount DESC)[1:2], kurtosis(qty) IS NOT NULL, skewness(qty) > 0 FROM orders
-- = [[7,120,"east+north+south",["6","4"],true,true]]
SELECT approx_quantile(qty, 0.5), reservoir_quantile(1, 0.5), mad(qty), var_samp(qty)::DECIMAL(8,3), regr_slope(id, id), weighted_avg(amount, qty)::DECIMAL(8,3) FROM orders
-- = [[2,1,1.5,"2.667",1,"21.906"]]

-- # Select lists and set operations
SELECT * EXCLUDE (customer, tags, note, "at", day) REPLACE (upper(region) AS region) FROM orders WHERE id = 1
-- = [["1","NORTH",10.5,2]]
SELECT COLUMNS('^(id|qty)$') FROM orders WHERE id = 2
-- = [["2",1]]
SELECT min(COLUMNS(c -> c IN ('id', 'qty'))), max(COLUMNS(['id', 'qty'])) FROM orders
-- = [["1",1,"6",5]]
SELECT * RENAME (id AS number) FROM (SELECT id, qty FROM orders WHERE id = 3)
-- = [["3",5]]
SELECT o.* LIKE '%t%' FROM (SELECT qty, amount, id FROM orders WHERE id = 1) o
-- = [[2,10.5]]
FROM orders SELECT id ORDER BY ALL DESC LIMIT 2 OFFSET 1
-- = [["5"],["4"]]
SELECT DISTINCT ON (region) region, id FROM orders WHERE region IS NOT NULL ORDER BY region, amount DESC
-- = [["east","4"],["north","1"],["south","2"]]
SELECT 1 AS a, 2 AS b UNION ALL BY NAME SELECT 3 AS b, 4 AS a
-- = [[1,2],[4,3]]
SELECT region FROM orders INTERSECT SELECT 'north' EXCEPT SELECT 'x'
-- = [["north"]]
VALUES (1, 'a'), (2, NULL)
-- = [[1,"a"],[2,null]]
SELECT x: 1, y: x + 1
-- = [[1,2]]
SELECT id, CASE WHEN amount > 30 THEN 'big' WHEN amount > 9 THEN 'mid' ELSE 'small' END AS size, CASE region WHEN 'north' THEN 'N' END FROM orders ORDER BY id LIMIT 3
-- = [["1","mid","N"],["2","mid",null],["3","small","N"]]
SELECT TRY_CAST('x' AS INTEGER), '12'::INTEGER, CAST(1.55 AS DECIMAL(3, 1)), TRY(1 / 0), COALESCE(NULL, 3), NULLIF(1, 1), IFNULL(NULL, 2), IF(true, 1, 2), greatest(1, 3), least(2, 1)
-- = [[null,12,"1.6","Infinity",3,null,2,1,3,1]]
SELECT 170141183460469231731687303715884105727, 5 // 2, 5 % 3, 2 ** 10, 4!, -7, ~1, 6 & 3, 6 | 1, xor(6, 3), 1 << 4, @(-3), round(2.567, 2), 1e3
-- = [["170141183460469231731687303715884105727",2,2,1024,"24",-7,-2,2,7,5,16,3,"2.57",1000]]
SELECT id IS DISTINCT FROM 1, region IS NULL, (1, 2) = (1, 2), id BETWEEN 5 AND 6, customer.vip IS TRUE FROM orders WHERE id = 6
-- = [[true,true,true,true,false]]
SELECT random() BETWEEN 0 AND 1, length(uuid()::VARCHAR), hash(1) = hash(1), typeof(1::BIGINT), alias(id), setseed FROM (SELECT 1 AS id, 2 AS setseed)
-- = [[true,"36",true,"BIGINT","id",2]]
SELECT ST_AsText('POINT (1 2)'::GEOMETRY), bitstring('101', 5), '101'::BIT, bit_count(7), x'AB' IS NOT NULL
-- = [["POINT (1 2)","00101","101",3,true]]
SELECT #1 + 1, #2 FROM (SELECT 1 AS a, 2 AS b)
-- = [[2,2]]
SELECT user, current_role FROM (SELECT 'me' AS user, 'admin' AS current_role)
-- = [["me","admin"]]
DESCRIBE SELECT id, day, customer FROM orders
-- = [["id","BIGINT","YES",null,null,null],["day","DATE","YES",null,null,null],["customer","STRUCT(\"name\" VARCHAR, vip BOOLEAN)","YES",null,null,null]]
SELECT column_name, column_type FROM (DESCRIBE orders) WHERE column_name < 'c'
-- = [["at","TIMESTAMP"],["amount","DOUBLE"]]
SUMMARIZE SELECT id, qty FROM orders
-- = [["id","BIGINT","1","6","6","3.5","1.8708286933869707","2","4","5","6","0.00"],["qty","INTEGER","1","5","5","2.6666666666666665","1.632993161855452","1","2","4","6","0.00"]]
SELECT column_name, min, max, "count" FROM (SUMMARIZE orders) WHERE column_name IN ('id', 'qty') ORDER BY 1
-- = [["id","1","6","6"],["qty","1","5","6"]]

-- # As tools write it
SELECT "T0"."region" AS "C0", SUM("T0"."amount") AS "C1" FROM (SELECT "orders"."region" AS "region", "orders"."amount" AS "amount" FROM "orders" AS "orders") AS "T0" WHERE "T0"."region" IS NOT NULL GROUP BY "T0"."region" ORDER BY "C1" DESC NULLS FIRST LIMIT 1000
-- = [["east",40],["south",27.75],["north",15.75]]
SELECT * FROM (SELECT "a".*, ROW_NUMBER() OVER (ORDER BY "a"."id" ASC) AS "__rn" FROM (SELECT "id", "qty" FROM "main"."orders") AS "a") AS "b" WHERE "b"."__rn" BETWEEN 2 AND 3
-- = [["2",1,"2"],["3",5,"3"]]
SELECT COUNT(1) AS "__count" FROM (SELECT "id" FROM "memory"."main"."orders" GROUP BY 1) AS "source"
-- = [["6"]]
SELECT "source"."day" AS "day", COUNT(*) AS "count" FROM (SELECT DATE_TRUNC('month', "orders"."day") AS "day" FROM "orders") AS "source" GROUP BY "source"."day" ORDER BY "source"."day" ASC
-- = [["2024-01-01T00:00:00","2"],["2024-02-01T00:00:00","2"],["2024-03-01T00:00:00","2"]]
SELECT CAST("t"."customer"."name" AS VARCHAR) AS "name", MIN("t"."amount") AS "min_amount", MAX("t"."amount") AS "max_amount" FROM "orders" "t" GROUP BY 1 HAVING (COUNT(*) > 1) ORDER BY 1
-- = [["Ann",10.5,40]]
WITH "q0" AS (SELECT * FROM "orders"), "q1" AS (SELECT "q0"."region", "q0"."qty" FROM "q0" WHERE ("q0"."qty" >= 2)) SELECT "q1"."region", SUM("q1"."qty") AS "total" FROM "q1" GROUP BY "q1"."region" ORDER BY "total" DESC, "q1"."region" LIMIT 10
-- = [["north","7"],["east","4"],["south","3"]]
SELECT (CASE WHEN ("o"."amount" > 20.0) THEN ('high') ELSE ('low') END) AS "band", (COUNT(*))::INT AS "n" FROM "orders" AS "o" GROUP BY (CASE WHEN ("o"."amount" > 20.0) THEN ('high') ELSE ('low') END) ORDER BY "band"
-- = [["high",2],["low",4]]
SELECT "l"."id" AS "l.id", "r"."n" AS "r.n" FROM "orders" AS "l" LEFT JOIN (SELECT "region" AS "k", COUNT(*) AS "n" FROM "orders" GROUP BY "region") AS "r" ON ("l"."region" = "r"."k") ORDER BY "l"."id" LIMIT 2
-- = [["1","2"],["2","2"]]
SELECT DISTINCT "orders"."region" AS "Region Name" FROM "orders" WHERE ("orders"."region" LIKE '%o%' ESCAPE '\') ORDER BY "Region Name" OFFSET 0
-- = [["north"],["south"]]
/* dashboard: 12 */ SELECT "x"."m" AS "m", "x"."v" / NULLIF(SUM("x"."v") OVER (), 0) AS "share" FROM (SELECT EXTRACT(MONTH FROM "day") AS "m", SUM("qty") AS "v" FROM "orders" GROUP BY 1) AS "x" ORDER BY 1 -- end
-- = [["1",0.1875],["2",0.5625],["3",0.25]]
