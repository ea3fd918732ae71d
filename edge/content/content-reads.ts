import { Code, type ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import type { HttpFile } from "../../gen/sluice/common/v1/options_pb.ts";
import { type Conditions, chooseAnswer } from "../../services/lib/content/choose-answer.ts";
import { headOfAnswer } from "../../services/lib/content/content-head.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { deadlinePassed } from "../errors/refusals.ts";
import type { Exchange } from "../http/exchange.ts";
import { type HttpRequest, headerOf, isHttp2 } from "../http/http.ts";
import { sendChunk, sendHead, sendWhole } from "../http/send.ts";
import type { Route } from "../method/route.ts";
import type { ConfirmLease } from "./confirm-leases.ts";
import { type HeldContent, heldContentOf } from "./held-content.ts";
import type { SharedFolder } from "./shared-folder.ts";

/** Contents that are remembered as handed over. */
const heldMax = 4096;
/** Up to so many bytes are read at once and answered in one write. */
const onceBytesMax = 1024 * 1024;
/** Longer headers go to the service, which refuses those that are too long. */
const conditionLengthMax = 255;

/** Reads of contents that a service has handed over, as sluice.common.v1.HttpFile. */
export type ContentReads = {
  /** What the service knows the folder by; undefined when it is not there, or when this request is the service's to answer. */
  folderIdFor(exchange: Exchange, route: Route): Promise<string | undefined>;
  /**
   * Answers from what is held, if anything is and the service confirms it within what is left of the deadline; false when
   * the service has to be asked.
   */
  answerHeld(exchange: Exchange, timeoutMs: number | undefined): Promise<boolean>;
  /** Answers from what the service has handed over just now, and holds it. */
  answerHandedOver(
    exchange: Exchange,
    file: HttpFile,
    headers: Readonly<Record<string, string>>,
  ): Promise<void>;
};

export function createContentReads(folder: SharedFolder, confirm: ConfirmLease): ContentReads {
  const contents = new LRUCache<string, HeldContent>({ max: heldMax });
  return {
    async folderIdFor({ request }, { response }) {
      const isOurs = response.rawBody && request.method === "GET" && conditionsOf(request) !== undefined;
      return isOurs ? folder.findId() : undefined;
    },
    async answerHeld(exchange, timeoutMs) {
      const { request } = exchange;
      const key = keyOf(exchange);
      const held = contents.get(key);
      const conditions = held && conditionsOf(request);
      if (!held || !conditions) return false;
      if (held.expiresAtMs > Date.now() && (await beforeDeadline(confirm(held.lease), timeoutMs))) {
        if (await sendHeld(folder, exchange, held, conditions)) return true;
      }
      contents.delete(key);
      return false;
    },
    async answerHandedOver(exchange, file, headers) {
      const conditions = conditionsOf(exchange.request);
      if (!conditions) throw new Error("a content was handed over to a request that did not ask for it");
      const held = heldContentOf(file, headers);
      contents.set(keyOf(exchange), held);
      if (!(await sendHeld(folder, exchange, held, conditions))) {
        contents.delete(keyOf(exchange));
        throw contentMoved();
      }
    },
  };
}

async function beforeDeadline<T>(answer: Promise<T>, timeoutMs: number | undefined): Promise<T> {
  if (timeoutMs === undefined) return answer;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(deadlinePassed()), timeoutMs);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Whom a content was handed over to, and by which path: the service may decide otherwise for another. */
function keyOf({ principal, request: { url } }: Exchange): string {
  return `${principal ? textOf(principal) : ""} ${url}`;
}

const texts = new WeakMap<Principal, string>();

/** A verified credential's principal is the same object again and again. */
function textOf(principal: Principal): string {
  let text = texts.get(principal);
  if (text === undefined) {
    text = JSON.stringify(principal);
    texts.set(principal, text);
  }
  return text;
}

/** Undefined where a query, a body or a long header has a say, which are read where the service is asked. */
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
  return Object.values(conditions).every((text) => text.length <= conditionLengthMax)
    ? conditions
    : undefined;
}

function hasBody(request: HttpRequest): boolean {
  if (isHttp2(request)) return !request.stream.endAfterHeaders;
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== "0");
}

/** False when the file is not what was handed over any more. Throws what the conditions refuse. */
async function sendHeld(
  folder: SharedFolder,
  exchange: Exchange,
  { file, headers: whole, representation }: HeldContent,
  conditions: Conditions,
): Promise<boolean> {
  const answer = chooseAnswer(conditions, representation);
  const { status, headers } = headOfAnswer(answer, whole, representation.sizeBytes);
  if (answer.kind === "notModified") {
    sendWhole(exchange, status, headers, "");
    return true;
  }
  const span = answer.kind === "part" ? answer : { start: 0, end: representation.sizeBytes };
  if (!exchange.headOnly && span.end - span.start <= onceBytesMax) {
    const bytes = await folder.readOnce(file, span);
    if (!bytes) return false;
    await exchange.reads?.spend(bytes.byteLength);
    sendWhole(exchange, status, headers, bytes);
    return true;
  }
  await using open = await folder.open(file);
  if (!open) return false;
  sendHead(exchange, status, headers);
  if (!exchange.headOnly) for await (const piece of open.read(span)) await sendChunk(exchange, piece);
  exchange.response.end();
  return true;
}

/** A content is replaced when it proves damaged: then the service knows it anew. */
const contentMoved = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the content was moved meanwhile");
