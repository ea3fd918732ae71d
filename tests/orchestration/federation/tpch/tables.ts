/**
 * Tables with the schema, the sizes and the kinds of values of TPC-H. The values are drawn by a hash of the row's number and not by
 * TPC's generator, so results are compared with those of DuckDB on the same rows, and with no published answers.
 */

/** Statement of DuckDB that makes the rows of a table. `i` is the number of a row, from 1. */
const drawn = (salt: number, from: number, to: number, of = "i"): string =>
  `(${from} + (hash(${of} * 7919 + ${salt}) % ${to - from + 1})::BIGINT)`;
const pick = (salt: number, values: readonly string[], of = "i"): string =>
  `[${values.map((value) => `'${value}'`).join(", ")}][${drawn(salt, 1, values.length, of)}]`;
const money = (salt: number, from: number, to: number): string =>
  `(${drawn(salt, from * 100, to * 100)} / 100.0)::DECIMAL(15,2)`;
const day = (salt: number, days: number): string => `DATE '1992-01-01' + ${drawn(salt, 0, days)}::INTEGER`;
const numbers = (count: number): string => `range(1, ${Math.max(1, Math.round(count)) + 1}) AS t(i)`;

const nations = [
  ..."ALGERIA,0 ARGENTINA,1 BRAZIL,1 CANADA,1 EGYPT,4 ETHIOPIA,0 FRANCE,3 GERMANY,3 INDIA,2 INDONESIA,2 IRAN,4 IRAQ,4".split(
    " ",
  ),
  ..."JAPAN,2 JORDAN,4 KENYA,0 MOROCCO,0 MOZAMBIQUE,0 PERU,1 CHINA,2 ROMANIA,3 SAUDI_ARABIA,4 VIETNAM,2 RUSSIA,3".split(
    " ",
  ),
  "UNITED_KINGDOM,3",
  "UNITED_STATES,1",
];
const regions = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
const words =
  "furious sly careful blithe quick fluffy slow quiet ruthless thin close dogged special pending".split(" ");
const colors =
  "green almond forest antique azure beige blue chocolate coral cream dark firebrick lime navy red".split(
    " ",
  );
const types = ["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"];
const finishes = ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"];
const metals = ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"];
const sizes = ["SM", "LG", "MED", "JUMBO", "WRAP"];
const boxes = ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"];
const segments = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"];
const priorities = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const modes = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];
const instructions = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];

const comment = (salt: number): string =>
  `${pick(salt, words)} || ' ' || ${pick(salt + 1, ["requests", "deposits", "packages", "Customer", "accounts"])} || ' ' || ` +
  `${pick(salt + 2, [...words, "Complaints"])} || ' ' || ${pick(salt + 3, ["requests", "ideas", "theodolites"])}`;
const phone = (nation: string): string =>
  `(${nation} + 10)::VARCHAR || '-' || lpad(${drawn(91, 0, 9_999_999)}::VARCHAR, 7, '0')`;
const list = (values: readonly string[]): string => values.map((value) => `(${value})`).join(", ");

export type TpchTable = {
  /** Columns with types that every database has. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly key: string;
  readonly rows: (scale: number) => string;
};

const columns = (text: string) =>
  text.split(", ").map((column) => column.split(" ") as [string, string]) satisfies TpchTable["columns"];

export const tpchTables: Readonly<Record<string, TpchTable>> = {
  region: {
    columns: columns("r_regionkey integer, r_name varchar(25), r_comment varchar(152)"),
    key: "r_regionkey",
    rows: () =>
      `SELECT i, name, 'of the world' FROM (VALUES ${list(regions.map((name, at) => `${at}, '${name}'`))}) AS t(i, name)`,
  },
  nation: {
    columns: columns("n_nationkey integer, n_name varchar(25), n_regionkey integer, n_comment varchar(152)"),
    key: "n_nationkey",
    rows: () =>
      `SELECT i, name, region, 'a nation' FROM (VALUES ${list(
        nations.map((nation, at) => {
          const [name = "", region] = nation.split(",");
          return `${at}, '${name.replace("_", " ")}', ${region}`;
        }),
      )}) AS t(i, name, region)`,
  },
  supplier: {
    columns: columns(
      "s_suppkey integer, s_name varchar(25), s_address varchar(40), s_nationkey integer, s_phone varchar(15), s_acctbal decimal(15,2), s_comment varchar(101)",
    ),
    key: "s_suppkey",
    rows: (scale) =>
      `SELECT i, 'Supplier#' || lpad(i::VARCHAR, 9, '0'), 'street ' || i, ${drawn(1, 0, 24)}, ${phone(drawn(1, 0, 24))},
        ${money(2, -999, 9999)}, ${comment(3)} FROM ${numbers(10_000 * scale)}`,
  },
  customer: {
    columns: columns(
      "c_custkey integer, c_name varchar(25), c_address varchar(40), c_nationkey integer, c_phone varchar(15), c_acctbal decimal(15,2), c_mktsegment varchar(10), c_comment varchar(117)",
    ),
    key: "c_custkey",
    rows: (scale) =>
      `SELECT i, 'Customer#' || lpad(i::VARCHAR, 9, '0'), 'street ' || i, ${drawn(11, 0, 24)}, ${phone(drawn(11, 0, 24))},
        ${money(12, -999, 9999)}, ${pick(13, segments)}, ${comment(14)} FROM ${numbers(150_000 * scale)}`,
  },
  part: {
    columns: columns(
      "p_partkey integer, p_name varchar(55), p_mfgr varchar(25), p_brand varchar(10), p_type varchar(25), p_size integer, p_container varchar(10), p_retailprice decimal(15,2), p_comment varchar(23)",
    ),
    key: "p_partkey",
    rows: (scale) =>
      `SELECT i, ${pick(21, colors)} || ' ' || ${pick(22, colors)}, 'Manufacturer#' || ${drawn(23, 1, 5)},
        'Brand#' || ${drawn(23, 1, 5)} || ${drawn(24, 1, 5)},
        ${pick(25, types)} || ' ' || ${pick(26, finishes)} || ' ' || ${pick(27, metals)}, ${drawn(28, 1, 50)},
        ${pick(29, sizes)} || ' ' || ${pick(30, boxes)}, (900 + i % 1000 + i % 100 / 100.0)::DECIMAL(15,2), ${pick(31, words)}
        FROM ${numbers(200_000 * scale)}`,
  },
  partsupp: {
    columns: columns(
      "ps_partkey integer, ps_suppkey integer, ps_availqty integer, ps_supplycost decimal(15,2), ps_comment varchar(199)",
    ),
    key: "ps_partkey, ps_suppkey",
    rows: (scale) => {
      const suppliers = Math.max(1, Math.round(10_000 * scale));
      return `SELECT DISTINCT ON (part, supp) part, supp, ${drawn(41, 1, 9999)}, ${money(42, 1, 1000)}, ${comment(43)} FROM
        (SELECT i, (i + 3) // 4 AS part, 1 + (i * 1237 % ${suppliers}) AS supp FROM ${numbers(800_000 * scale)})`;
    },
  },
  orders: {
    columns: columns(
      "o_orderkey integer, o_custkey integer, o_orderstatus char(1), o_totalprice decimal(15,2), o_orderdate date, o_orderpriority varchar(15), o_clerk varchar(15), o_shippriority integer, o_comment varchar(79)",
    ),
    key: "o_orderkey",
    rows: (scale) =>
      // A third of the customers has no orders.
      `SELECT i, 1 + 3 * (${drawn(51, 0, Math.max(1, Math.round(100_000 * scale)) - 1)} // 2) + ${drawn(52, 0, 1)},
        ${pick(53, ["F", "O", "P"])}, ${money(54, 900, 500_000)}, ${day(55, 2405)}, ${pick(56, priorities)},
        'Clerk#' || lpad(${drawn(57, 1, 1000)}::VARCHAR, 9, '0'), 0, ${comment(58)} FROM ${numbers(1_500_000 * scale)}`,
  },
  lineitem: {
    columns: columns(
      "l_orderkey integer, l_partkey integer, l_suppkey integer, l_linenumber integer, l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct varchar(25), l_shipmode varchar(10), l_comment varchar(44)",
    ),
    key: "l_orderkey, l_linenumber",
    rows: (scale) => {
      const orders = Math.max(1, Math.round(1_500_000 * scale));
      const suppliers = Math.max(1, Math.round(10_000 * scale));
      const supply = drawn(61, 1, Math.max(1, Math.round(800_000 * scale)));
      return `SELECT order_key, (supply + 3) // 4, 1 + (supply * 1237 % ${suppliers}), line, ${drawn(62, 1, 50)}::DECIMAL(15,2), ${money(63, 900, 95_000)},
        (${drawn(64, 0, 10)} / 100.0)::DECIMAL(15,2), (${drawn(65, 0, 8)} / 100.0)::DECIMAL(15,2), ${pick(66, ["R", "A", "N"])},
        ${pick(67, ["O", "F"])}, ordered + ${drawn(68, 1, 121)}::INTEGER, ordered + ${drawn(69, 30, 90)}::INTEGER,
        ordered + (${drawn(68, 1, 121)} + ${drawn(70, 1, 30)})::INTEGER, ${pick(71, instructions)}, ${pick(72, modes)}, ${pick(73, words)}
        FROM (SELECT order_key, line, i, ${supply} AS supply, ordered FROM
          (SELECT o.i AS order_key, n.line, o.i * 8 + n.line AS i, ordered FROM
            (SELECT i, ${day(55, 2405)} AS ordered, ${drawn(74, 1, 7)} AS lines FROM ${numbers(orders)}) AS o
            JOIN range(1, 8) AS n(line) ON n.line <= o.lines))`;
    },
  },
};
