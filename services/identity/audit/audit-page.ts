import { createHash } from "node:crypto";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../lib/rpc/errors.ts";

const pageSizeDefault = 50;

/** A request for a page of a list. */
export type PageRequest = {
  readonly $typeName: string;
  readonly pageSize: number;
  readonly pageToken: string;
};

export type Page = {
  /** Exclusive lower bound of the keys; undefined for the first page. */
  readonly after: string | undefined;
  /** Rows to read: one more than the page size. */
  readonly limit: number;
  /** Identifies list and filter: a token is valid for the same ones only. */
  readonly question: string;
};

/** `filter` identifies the other parameters. `isKey` validates the key of a token. */
export function pageOf(
  { $typeName, pageSize, pageToken }: PageRequest,
  filter: readonly string[],
  isKey: (text: string) => boolean,
): Page {
  const question = digest([$typeName, ...filter]);
  const after = pageToken === "" ? undefined : readToken(pageToken, question, isKey);
  return { after, limit: (pageSize || pageSizeDefault) + 1, question };
}

/** Removes the extra row and returns the token of the next page. */
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
    // Clients can forge tokens: the key is not trusted.
    if (asked === question && typeof key === "string" && isKey(key)) return key;
  } catch {
    // Not a token at all: same error.
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
