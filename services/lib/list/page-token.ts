import { createHash } from "node:crypto";
import { isId } from "../values/ids.ts";
import type { Field } from "./fields.ts";
import { pageTokenInvalid } from "./list-error.ts";

/** Fields of a request that do not change which rows a list has, and in which order. */
const pageFields = ["pageSize", "pageToken", "showTotal"];

/** Identifies list, filter and order: a token is valid for the same ones only. */
export function digestRequest(request: { readonly $typeName: string }): string {
  const entries = Object.entries(request)
    .filter(([name]) => !pageFields.includes(name) && name !== "$unknown")
    .sort();
  const text = JSON.stringify(entries, (_, value) => (typeof value === "bigint" ? String(value) : value));
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

/** The values of a row in the fields of the order. */
export type Cursor = readonly string[];

export const writeToken = (cursor: Cursor, digest: string): string =>
  Buffer.from(JSON.stringify([cursor, digest])).toString("base64url");

/** Clients can forge tokens: each value has to be one of its field. Throws INVALID_ARGUMENT (PAGE_TOKEN_INVALID). */
export function readToken(token: string, digest: string, fields: readonly Field[]): Cursor {
  try {
    const [cursor, given]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (given === digest && isCursor(cursor, fields)) return cursor;
  } catch {
    // Not a token at all: same error.
  }
  throw pageTokenInvalid();
}

function isCursor(cursor: unknown, fields: readonly Field[]): cursor is Cursor {
  return (
    Array.isArray(cursor) &&
    cursor.length === fields.length &&
    fields.every(({ kind }, index) => typeof cursor[index] === "string" && isValue(kind, cursor[index]))
  );
}

function isValue(kind: Field["kind"], text: string): boolean {
  switch (kind) {
    case "id":
      return isId(text);
    case "integer":
      return /^-?\d{1,18}$/.test(text);
    case "time":
      return text === "Infinity" || /^-?\d{1,12}\.\d{6}$/.test(text);
    default:
      // PostgreSQL accepts no NUL in texts, and no half of a surrogate pair.
      return !text.includes("\0") && text.isWellFormed();
  }
}
