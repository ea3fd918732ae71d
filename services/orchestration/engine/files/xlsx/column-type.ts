import type { ColumnType } from "../columns/conversion.ts";
import type { CellValue, ValueKind } from "./cell-value.ts";

/** Values of a column by their kind, with the first one of each. */
export type ColumnFacts = Map<ValueKind, { count: number; readonly cell: string; readonly text: string }>;

export function addFact(facts: ColumnFacts, { kind, text }: CellValue, cell: () => string): void {
  const known = facts.get(kind);
  if (known) known.count += 1;
  else facts.set(kind, { count: 1, cell: cell(), text: text.slice(0, exampleCharactersMax) });
}

const exampleCharactersMax = 60;

/** Types that keep all values of some kinds. The first that has all kinds of a column is taken. */
const types: readonly (readonly [dataType: string, kinds: readonly ValueKind[]])[] = [
  ["VARCHAR", ["text"]],
  ["BOOLEAN", ["boolean"]],
  ["BIGINT", ["integer", "long integer"]],
  ["DOUBLE", ["integer", "decimal"]],
  ["DATE", ["date"]],
  ["TIMESTAMP", ["date", "timestamp"]],
  ["TIME", ["time"]],
];

const castTo =
  (dataType: string) =>
  (text: string): string =>
    `CAST(${text} AS ${dataType})`;

/** The type of a column by all of its values. */
export function typeOf(facts: ColumnFacts): ColumnType {
  const kinds = [...facts.keys()];
  const [dataType] = types.find(([, held]) => kinds.every((kind) => held.includes(kind))) ?? [];
  if (dataType === undefined) return { dataType: "VARCHAR", note: describeMixture(facts) };
  return dataType === "VARCHAR" ? { dataType } : { dataType, convert: castTo(dataType) };
}

const nameOf: Readonly<Record<ValueKind, string>> = {
  integer: "integers",
  "long integer": "integers of more than 53 bits",
  decimal: "decimals",
  digits: "numbers with more digits than a double keeps",
  text: "texts",
  boolean: "truth values",
  date: "dates",
  timestamp: "dates with times",
  time: "times",
};

function describeMixture(facts: ColumnFacts): string {
  const [most, ...others] = [...facts].toSorted(([, left], [, right]) => right.count - left.count);
  if (!most) return "";
  const described = others.map(
    ([kind, { count, cell, text }]) =>
      `${count.toLocaleString("en")} ${nameOf[kind]}, the first in ${cell}: ${JSON.stringify(text)}`,
  );
  return [`${most[1].count.toLocaleString("en")} values are ${nameOf[most[0]]}`, ...described].join("; ");
}
