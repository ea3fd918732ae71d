import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseSelection, type Selection, selectionName, shapeOf } from "../codec/field-selection.ts";
import { fieldOf } from "../codec/fields.ts";
import { parseQuery } from "../codec/query.ts";
import type { Route } from "../method/route.ts";

/** The fields of the response that a query chooses, and the rest of the query. */
export function readSelection(
  { method, response }: Route,
  rawQuery: string,
): { readonly selection: Selection; readonly rest: string } {
  const all = { selection: "all", rest: rawQuery } as const;
  if (!mayName(rawQuery) || response.rawBody || fieldOf(method.input, selectionName)) return all;
  const parts = rawQuery.split("&").filter((part) => part !== "");
  const isSelection = (part: string) => parseQuery(part)[0]?.[0] === selectionName;
  const [text, ...others] = parts
    .filter(isSelection)
    .flatMap((part) => parseQuery(part).map(([, value]) => value));
  if (text === undefined) return all;
  if (others.length > 0) throw invalidField(selectionName, "is in the query twice");
  return {
    selection: parseSelection(text, shapeOf(method.output, response.field)),
    rest: parts.filter((part) => !isSelection(part)).join("&"),
  };
}

/** Whether the query can have the parameter, perhaps with percent-encoded letters. */
const mayName = (rawQuery: string): boolean => rawQuery.includes(selectionName) || rawQuery.includes("%");
