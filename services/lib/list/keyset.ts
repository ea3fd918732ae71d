import { and, asc, desc, or, type SQL, sql } from "drizzle-orm";
import type { Field } from "./fields.ts";
import type { Cursor } from "./page-token.ts";
import type { OrderTerm } from "./parse-order.ts";

/** ORDER BY of the terms. */
export const orderOf = (terms: readonly OrderTerm[]): SQL[] =>
  terms.map(({ field, isDescending }) => (isDescending ? desc : asc)(sql`${field.value}`));

/** The cursor of a row, as JSON text. Times have all their digits, which a Date has not. */
export function cursorOf(terms: readonly OrderTerm[]): SQL<string> {
  const values = terms.map(({ field }) =>
    field.kind === "time" ? sql`extract(epoch from ${field.value})::text` : sql`${field.value}::text`,
  );
  return sql<string>`json_build_array(${sql.join(values, sql`, `)})::text`;
}

/** Condition for the rows after a cursor. It names no row, so that a page can follow one whose last row is gone. */
export function afterCursor(terms: readonly OrderTerm[], cursor: Cursor): SQL | undefined {
  const bounds = terms.map(({ field, isDescending }, index) => ({
    left: sql`${field.value}`,
    right: parameterOf(field, cursor[index] ?? ""),
    sign: sql.raw(isDescending ? "<" : ">"),
    isDescending,
  }));
  const [first] = bounds;
  if (!first) return undefined;
  // A comparison of rows is one range of an index, but has one direction.
  if (bounds.every(({ isDescending }) => isDescending === first.isDescending)) {
    const lefts = sql.join(
      bounds.map(({ left }) => left),
      sql`, `,
    );
    const rights = sql.join(
      bounds.map(({ right }) => right),
      sql`, `,
    );
    return sql`(${lefts}) ${first.sign} (${rights})`;
  }
  const alternatives = bounds.map(({ left, sign, right }, index) =>
    and(
      ...bounds.slice(0, index).map((same) => sql`${same.left} = ${same.right}`),
      sql`${left} ${sign} ${right}`,
    ),
  );
  // Implied by the alternatives, for the index of the first field.
  return and(sql`${first.left} ${first.sign}= ${first.right}`, or(...alternatives));
}

function parameterOf({ kind }: Field, text: string): SQL {
  switch (kind) {
    case "id":
      return sql`${text}::uuid`;
    case "integer":
      return sql`${text}::bigint`;
    case "time":
      return momentOf(text);
    default:
      return sql`${text}::text`;
  }
}

/** The time of `extract(epoch from …)`: whole seconds and microseconds apart, because a double has too few digits. */
function momentOf(text: string): SQL {
  if (text === "Infinity") return sql`'infinity'::timestamptz`;
  const [seconds = "", fraction = ""] = text.split(".");
  const micros = Number(fraction) * (text.startsWith("-") ? -1 : 1);
  return sql`(to_timestamp(${Number(seconds)}::float8) + ${micros}::int * interval '1 microsecond')`;
}
