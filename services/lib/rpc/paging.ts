import { createHash } from "node:crypto";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { isId } from "../values/ids.ts";
import { failure } from "./errors.ts";

const pageSizeDefault = 50;

/** A request for a page of a list. */
export type PageRequest = {
  readonly $typeName: string;
  readonly pageSize: number;
  readonly pageToken: string;
};

export type Page = {
  /** Rows of greater keys are wanted; undefined for the first page. */
  readonly after: string | undefined;
  /** How many to read: one more than the page holds. */
  readonly limit: number;
  /** What was asked for: a token is good for the same list and the same filter only. */
  readonly question: string;
};

/** `filter` is what else the list was asked for. `isKey` tells whether a list that is not ordered by id has such a key. */
export function pageOf(
  { $typeName, pageSize, pageToken }: PageRequest,
  filter: readonly string[] = [],
  isKey: (text: string) => boolean = isId,
): Page {
  const question = digest([$typeName, ...filter]);
  const after = pageToken === "" ? undefined : readToken(pageToken, question, isKey);
  return { after, limit: (pageSize || pageSizeDefault) + 1, question };
}

/** Cuts the row that was read beyond the page and answers the token of the next one. */
export function cutPage<Row>(
  rows: readonly Row[],
  { limit, question }: Page,
  keyOf: (row: Row) => string,
): { rows: Row[]; nextPageToken: string } {
  const kept = rows.slice(0, limit - 1);
  const last = kept.at(-1);
  const more = rows.length === limit && last !== undefined;
  return { rows: kept, nextPageToken: more ? writeToken(keyOf(last), question) : "" };
}

const writeToken = (key: string, question: string): string =>
  Buffer.from(JSON.stringify([key, question])).toString("base64url");

function readToken(token: string, question: string, isKey: (text: string) => boolean): string {
  try {
    const [key, asked] = JSON.parse(Buffer.from(token, "base64url").toString());
    // Anybody can write a token, so its key may be anything.
    if (asked === question && typeof key === "string" && isKey(key)) return key;
  } catch {
    // Not a token at all: the same answer.
  }
  throw pageTokenInvalid();
}

const digest = (question: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(question)).digest("base64url").slice(0, 16);

function pageTokenInvalid(): ConnectError {
  return failure(
    Code.InvalidArgument,
    ErrorReason.PAGE_TOKEN_INVALID,
    "page_token: not one that this list answered for the same filter",
  );
}
