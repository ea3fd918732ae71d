import { createHash } from "node:crypto";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "./errors.ts";

const pageSizeDefault = 50;

/** A request for a page; every other field of it is part of the filter. */
export type PageRequest = { readonly pageSize: number; readonly pageToken: string };

/** Which rows to read: those after `after`, one more than the page holds. */
export type Page = { readonly after: string | undefined; readonly limit: number };

/** `filter` is what else the list was asked for: a token is good for the same question only. */
export function pageOf(request: PageRequest, ...filter: readonly string[]): Page {
  const limit = (request.pageSize || pageSizeDefault) + 1;
  if (request.pageToken === "") return { after: undefined, limit };
  return { after: readToken(request.pageToken, filter), limit };
}

/** Cuts the row that was read beyond the page and answers the token of the next one. */
export function cutPage<Row>(
  rows: readonly Row[],
  page: Page,
  keyOf: (row: Row) => string,
  ...filter: readonly string[]
): { rows: Row[]; nextPageToken: string } {
  const kept = rows.slice(0, page.limit - 1);
  const last = kept.at(-1);
  const more = rows.length === page.limit && last !== undefined;
  return { rows: kept, nextPageToken: more ? writeToken(keyOf(last), filter) : "" };
}

function writeToken(key: string, filter: readonly string[]): string {
  return Buffer.from(JSON.stringify([key, digest(filter)])).toString("base64url");
}

function readToken(token: string, filter: readonly string[]): string {
  try {
    const [key, filterDigest] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (typeof key === "string" && filterDigest === digest(filter)) return key;
  } catch {
    // Not a token at all: the same answer.
  }
  throw pageTokenInvalid();
}

const digest = (filter: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(filter)).digest("base64url").slice(0, 16);

function pageTokenInvalid(): ConnectError {
  return failure(
    Code.InvalidArgument,
    ErrorReason.PAGE_TOKEN_INVALID,
    "page_token: not one that this list answered for the same filter",
  );
}
