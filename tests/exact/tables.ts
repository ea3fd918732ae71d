import fc from "fast-check";

/** A kind of column, with its type in DuckDB and in PostgreSQL. */
export type ColumnKind = {
  readonly type: string;
  readonly postgresql: string;
  /** Whether the values are JSON literals, without quotes. */
  readonly isLiteral: boolean;
  /** Whether values are equal only if their texts are. */
  readonly isText: boolean;
  /** Whether a CSV reader must detect its type. */
  readonly isFound: boolean;
};

export type Column = { readonly name: string; readonly kind: ColumnKind };
export type Table = { readonly columns: readonly Column[]; readonly rows: readonly (string | null)[][] };

const wideMax = 10n ** 38n - 1n;
const two = (value: number, digits = 2): string => String(value).padStart(digits, "0");
const day = fc
  .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([hour, minute, second, micro]) => `${two(hour)}:${two(minute)}:${two(second)}.${two(micro, 6)}`);
const instant = fc.tuple(day, clock).map(([date, time]) => `${date} ${time}`);

/** Text that PostgreSQL accepts, with characters that are special in CSV and JSON. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...",;\"'\\\n\r\t |#{}[]:NA01e+-"),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(""))
  .filter((value) => value.isWellFormed() && !value.includes("\0"));
const code = fc.oneof(
  fc.nat(99_999).map((value) => `0${two(value, 5)}`),
  fc.tuple(fc.nat(99), fc.nat(99)).map(([left, right]) => `${left}E${right}`),
  fc.nat(999).map((value) => `+${value}`),
);

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.constant(4))
  .map(([value, scale]) => {
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });

const found = { isLiteral: false, isText: false, isFound: true };
const literal = { ...found, isLiteral: true };
const plainText = { isLiteral: false, isText: true, isFound: false };

/** Kinds with generators of texts that DuckDB and PostgreSQL accept. */
const kinds: readonly (ColumnKind & { readonly text: fc.Arbitrary<string> })[] = [
  {
    type: "BIGINT",
    postgresql: "bigint",
    text: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    ...literal,
  },
  {
    type: "DECIMAL(38,0)",
    postgresql: "numeric(38,0)",
    text: fc.bigInt({ min: -wideMax, max: wideMax }).map(String),
    ...literal,
  },
  { type: "DECIMAL(20,4)", postgresql: "numeric(20,4)", text: decimal, ...literal },
  {
    type: "DOUBLE",
    postgresql: "double precision",
    text: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Object.is(value, -0))
      .map(String),
    ...literal,
    isFound: false,
  },
  { type: "BOOLEAN", postgresql: "boolean", text: fc.boolean().map(String), ...literal },
  { type: "DATE", postgresql: "date", text: day, ...found },
  { type: "TIME", postgresql: "time", text: clock, ...found },
  { type: "TIMESTAMP", postgresql: "timestamp", text: instant, ...found },
  {
    type: "TIMESTAMP WITH TIME ZONE",
    postgresql: "timestamptz",
    text: instant.map((value) => `${value}+00`),
    ...found,
  },
  { type: "VARCHAR", postgresql: "text", text, ...plainText },
  { type: "VARCHAR", postgresql: "varchar(40)", text: code, ...plainText },
  { type: "UUID", postgresql: "uuid", text: fc.uuid(), isLiteral: false, isText: true, isFound: false },
];

const name = fc
  .oneof(
    fc.constantFrom("select", "HUGEINT", "a b", "ß", "x.y", "col"),
    fc.string({ minLength: 1, maxLength: 8 }),
  )
  .filter((text) => text.trim() === text && text !== "" && text !== "row");
/** Realistic names, distinct when compared without case. */
const names = fc.uniqueArray(name, {
  minLength: kinds.length,
  maxLength: kinds.length,
  selector: (text) => text.toLowerCase(),
});

/** A table with a column of each kind in random order, after a column with the row number. */
export const tables: fc.Arbitrary<Table> = fc
  .tuple(names, fc.shuffledSubarray([...kinds], { minLength: kinds.length }))
  .chain(([chosen, shuffled]) => {
    const cells = shuffled.map(({ text }) => fc.option(text, { freq: 8 }));
    const columns = shuffled.map(({ text: _, ...kind }, index) => ({ name: chosen[index] ?? "", kind }));
    const rows = fc.array(fc.tuple(...cells), { minLength: 20, maxLength: 40 });
    return rows.map((all) => numbered({ columns, rows: all }));
  });

const rowNumber: Column = { name: "row", kind: { type: "BIGINT", postgresql: "bigint", ...literal } };

const numbered = ({ columns, rows }: Table): Table => ({
  columns: [rowNumber, ...columns],
  rows: rows.map((row, index) => [String(index), ...row]),
});
