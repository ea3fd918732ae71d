import { Code, type ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import type { HttpFile } from "../../gen/sluice/common/v1/options_pb.ts";
import { bodyOfAnswer } from "../../services/lib/content/answer-body.ts";
import type { Span } from "../../services/lib/content/byte-range.ts";
import { type Conditions, chooseAnswer } from "../../services/lib/content/choose-answer.ts";
import { headOfAnswer } from "../../services/lib/content/content-head.ts";
import { isSpan } from "../../services/lib/content/multipart-ranges.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { deadlinePassed } from "../errors/refusals.ts";
import type { Exchange } from "../http/exchange.ts";
import { type HttpRequest, headerOf, isHttp2 } from "../http/http.ts";
import { sendChunk, sendHead, sendWhole } from "../http/send.ts";
import type { Route } from "../method/route.ts";
import { type CachedContent, cachedContentOf } from "./cached-content.ts";
import type { ConfirmLease } from "./confirm-leases.ts";
import type { OpenFile, SharedFolder, VerifiedFile } from "./shared-folder.ts";

/** Most contents in the cache. */
const cachedMax = 4096;
/** Largest content that is read and sent at once, in bytes. */
const onceBytesMax = 1024 * 1024;
/** Requests with longer conditions go to the service, which validates them. */
const conditionLengthMax = 255;
/** The same for Range, which can name a hundred ranges. */
const rangeLengthMax = 4096;

/** Sends files that a service has handed over as sluice.common.v1.HttpFile, from the folder that it shares. */
export type ContentReads = {
  /** The id of the folder for the service; undefined if the folder is missing, or the service has to send the bytes. */
  folderIdFor(exchange: Exchange, route: Route): Promise<string | undefined>;
  /**
   * Sends a cached content, if the service confirms its lease within the timeout; false if the service has to be
   * called.
   */
  sendCached(exchange: Exchange, timeoutMs: number | undefined): Promise<boolean>;
  /** Sends a file that the service has just handed over, and caches it. */
  sendHandedOver(
    exchange: Exchange,
    file: HttpFile,
    headers: Readonly<Record<string, string>>,
  ): Promise<void>;
};

export function createContentReads(folder: SharedFolder, confirm: ConfirmLease): ContentReads {
  const contents = new LRUCache<string, CachedContent>({ max: cachedMax });
  return {
    async folderIdFor({ request }, { response }) {
      const isEligible = response.rawBody && request.method === "GET" && conditionsOf(request) !== undefined;
      return isEligible ? folder.findId() : undefined;
    },
    async sendCached(exchange, timeoutMs) {
      const { request } = exchange;
      const key = keyOf(exchange);
      const cached = contents.get(key);
      const conditions = cached && conditionsOf(request);
      if (!cached || !conditions) return false;
      if (cached.expiresAtMs > Date.now() && (await beforeDeadline(confirm(cached.lease), timeoutMs))) {
        if (await sendCachedFile(folder, exchange, cached, conditions)) return true;
      }
      contents.delete(key);
      return false;
    },
    async sendHandedOver(exchange, file, headers) {
      const conditions = conditionsOf(exchange.request);
      if (!conditions) throw new Error("a content was handed over to a request that did not ask for it");
      const cached = cachedContentOf(file, headers);
      contents.set(keyOf(exchange), cached);
      if (!(await sendCachedFile(folder, exchange, cached, conditions))) {
        contents.delete(keyOf(exchange));
        throw contentMoved();
      }
    },
  };
}

async function beforeDeadline<T>(work: Promise<T>, timeoutMs: number | undefined): Promise<T> {
  if (timeoutMs === undefined) return work;
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(deadlinePassed()), timeoutMs);
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}

/** Principal and URL: the service can decide otherwise for others. */
function keyOf({ principal, request: { url } }: Exchange): string {
  return `${principal ? textOf(principal) : ""} ${url}`;
}

const texts = new WeakMap<Principal, string>();

/** Principals are cached with their credentials, so the same object comes again. */
function textOf(principal: Principal): string {
  let text = texts.get(principal);
  if (text === undefined) {
    text = JSON.stringify(principal);
    texts.set(principal, text);
  }
  return text;
}

/** Undefined for requests that the service has to read: with a query, a body or long headers. */
function conditionsOf(request: HttpRequest): Conditions | undefined {
  if (request.url?.includes("?") || hasBody(request)) return undefined;
  const conditions = {
    range: headerOf(request, "range") ?? "",
    ifRange: headerOf(request, "if-range") ?? "",
    ifMatch: headerOf(request, "if-match") ?? "",
    ifNoneMatch: headerOf(request, "if-none-match") ?? "",
    ifModifiedSince: headerOf(request, "if-modified-since") ?? "",
    ifUnmodifiedSince: headerOf(request, "if-unmodified-since") ?? "",
  };
  const { range, ...others } = conditions;
  const isShort = Object.values(others).every((text) => text.length <= conditionLengthMax);
  return isShort && range.length <= rangeLengthMax ? conditions : undefined;
}

function hasBody(request: HttpRequest): boolean {
  if (isHttp2(request)) return !request.stream.endAfterHeaders;
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== "0");
}

/** False if the file has changed. Throws if a condition fails. */
async function sendCachedFile(
  folder: SharedFolder,
  exchange: Exchange,
  { file, headers: whole, representation }: CachedContent,
  conditions: Conditions,
): Promise<boolean> {
  const choice = chooseAnswer(conditions, representation);
  const { status, headers } = headOfAnswer(choice, whole, representation.sizeBytes);
  if (choice.kind === "notModified") {
    sendWhole(exchange, status, headers, "");
    return true;
  }
  const parts = bodyOfAnswer(choice, whole, representation.sizeBytes);
  if (!exchange.headOnly && Number(headers["content-length"]) <= onceBytesMax) {
    const bytes = await readOnce(folder, file, parts);
    if (!bytes) return false;
    await exchange.reads?.spend(bytes.byteLength);
    sendWhole(exchange, status, headers, bytes);
    return true;
  }
  await using open = await folder.open(file);
  if (!open) return false;
  await using chunks = readParts(open, parts);
  // Read before the head is sent: damage that is found here is an error response instead of a broken body.
  const first = exchange.headOnly ? undefined : await chunks.next();
  sendHead(exchange, status, headers);
  if (first?.value) {
    await sendChunk(exchange, first.value);
    for await (const chunk of chunks) await sendChunk(exchange, chunk);
  }
  exchange.response.end();
  return true;
}

async function* readParts(open: OpenFile, parts: readonly (Buffer | Span)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (isSpan(part)) yield* open.read(part);
    else yield part;
  }
}

/** The parts of a body, with the bytes of its spans; undefined if the file has changed. */
async function readOnce(
  folder: SharedFolder,
  file: VerifiedFile,
  parts: readonly (Buffer | Span)[],
): Promise<Buffer | undefined> {
  const read = await Promise.all(parts.map((part) => (isSpan(part) ? folder.readOnce(file, part) : part)));
  const [only] = read;
  if (read.length === 1) return only;
  const known = read.filter((bytes) => bytes !== undefined);
  return known.length === read.length ? Buffer.concat(known) : undefined;
}

/** Damaged contents are replaced; the next call gets the new file. */
const contentMoved = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the content was moved meanwhile");
