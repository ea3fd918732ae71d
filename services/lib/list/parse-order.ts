import type { Field, Fields } from "./fields.ts";
import { findField } from "./filter-sql.ts";
import { listFieldInvalid, quoted } from "./list-error.ts";

export type OrderTerm = { readonly field: Field; readonly isDescending: boolean };

/** Parses an `order_by` such as `create_time desc, name`. Throws INVALID_ARGUMENT with the position. */
export function parseOrder(fields: Fields, text: string): OrderTerm[] {
  if (text.trim() === "") return [];
  const terms: OrderTerm[] = [];
  let at = 0;
  for (const part of text.split(",")) {
    const term = parseTerm(fields, part, at);
    if (terms.some(({ field }) => field === term.field))
      throw problemAt(at, `${quoted(part.trim())} repeats a field`);
    terms.push(term);
    at += part.length + 1;
  }
  return terms;
}

function parseTerm(fields: Fields, part: string, at: number): OrderTerm {
  const position = at + (part.length - part.trimStart().length);
  const [name = "", direction = "asc", ...rest] = part.trim().split(/[ \t\r\n]+/);
  const field = findField(fields, name);
  if (!field) {
    throw problemAt(position, `unknown field ${quoted(name)}, not one of ${Object.keys(fields).join(", ")},`);
  }
  if (rest.length > 0 || (direction !== "asc" && direction !== "desc")) {
    throw problemAt(position, `${quoted(part.trim())} is not a field, or a field and asc or desc,`);
  }
  return { field, isDescending: direction === "desc" };
}

const problemAt = (at: number, problem: string) => listFieldInvalid("order_by", at + 1, problem);
