import type { SQLWrapper } from "drizzle-orm";
import { byCodePoints, unsetIsLate } from "./list-index.ts";
import type { Operator } from "./parse-filter.ts";

/** A field that `filter` may name. Its value is never null in SQL unless `isNullable`. */
export type Field = {
  readonly kind: "text" | "words" | "map" | "id" | "integer" | "time" | "boolean" | "word";
  /** The value in SQL. Order and filter use this same expression, so that one index serves both. */
  readonly value: SQLWrapper;
  readonly operators: readonly Operator[];
  /** Of a text: the column of a substring search, `lower(…)` of which has a trigram index. */
  readonly searched?: SQLWrapper;
  /** Of a text: whether the column holds it in normal form C. What it is compared with is brought into that form. */
  readonly isNormalized?: boolean;
  /** Of a word: the stored value by its word. */
  readonly stored?: ReadonlyMap<string, string>;
  /** Of words: whether their index leaves empty lists out. */
  readonly isSparse?: boolean;
};

export type Fields = Readonly<Record<string, Field>>;

const equality: readonly Operator[] = ["=", "!="];
const ranges: readonly Operator[] = ["=", "!=", "<", "<=", ">", ">="];

/** A text whose order is that of its code points, which is the same on every server. */
export const textField = (column: SQLWrapper): Field => ({
  kind: "text",
  value: byCodePoints(column),
  operators: equality,
});

/** A text that `:` searches for a substring, ignoring case. */
export const nameField = (column: SQLWrapper): Field => ({
  ...textField(column),
  operators: [...equality, ":"],
  searched: column,
});

/** A `nameField` whose column holds the names in Unicode's normal form C, so that equal looking ones are equal. */
export const normalizedNameField = (column: SQLWrapper): Field => ({
  ...nameField(column),
  isNormalized: true,
});

/** A list of texts; `:` means that it has the value. */
export const wordsField = (column: SQLWrapper): Field => ({
  kind: "words",
  value: column,
  operators: [":"],
});

/** Words that most rows do not have: their index leaves out the rows without any. */
export const tagsField = (column: SQLWrapper): Field => ({ ...wordsField(column), isSparse: true });

/** Texts by name in a jsonb: `field.name = value`, or `field:name` for any value. Its index leaves empty ones out. */
export const mapField = (column: SQLWrapper): Field => ({
  kind: "map",
  value: column,
  operators: ["=", "!=", ":"],
});

export const idField = (column: SQLWrapper): Field => ({ kind: "id", value: column, operators: equality });

export const integerField = (column: SQLWrapper): Field => ({
  kind: "integer",
  value: column,
  operators: ranges,
});

export const booleanField = (column: SQLWrapper): Field => ({
  kind: "boolean",
  value: column,
  operators: equality,
});

/** A time in milliseconds, as responses have it. */
export const timeField = (column: SQLWrapper): Field => ({ kind: "time", value: column, operators: ranges });

/** A time that can be unset: it counts as later than every other. */
export const openTimeField = (column: SQLWrapper): Field => timeField(unsetIsLate(column));

/** One of some words. A record gives the stored value of each word. */
export function wordField(
  column: SQLWrapper,
  words: readonly string[] | Readonly<Record<string, string>>,
): Field {
  const pairs = Array.isArray(words)
    ? words.map((word: string) => [word, word] as const)
    : Object.entries(words);
  return { kind: "word", value: column, operators: equality, stored: new Map(pairs) };
}

/** The words of an enum of the contract, such as `in_review` of PROJECT_STATE_IN_REVIEW, by the names that rows store. */
export function enumNames({
  values,
  sharedPrefix,
}: {
  readonly values: readonly { name: string; number: number }[];
  readonly sharedPrefix?: string | undefined;
}): Record<string, string> {
  const given = values.filter(({ number }) => number !== 0);
  return Object.fromEntries(
    given.map(({ name }) => [name.slice((sharedPrefix ?? "").length).toLowerCase(), name]),
  );
}
