import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import { type CountRequest, EchoService } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { failure } from "../../../services/lib/rpc/errors.ts";
import { type GuardedService, guard } from "../../../services/lib/rpc/guard.ts";

/** Events in the backend that tests wait for. */
export type Happenings = {
  /** Resolves when the call with this key starts. */
  begun(key: string): Promise<void>;
  /** Resolves when the call with this key was cancelled. */
  cancelled(key: string): Promise<void>;
  /** Messages sent so far for this key; for `upload`, bytes received. */
  sent(key: string): number;
  /** The largest number of concurrent calls with this key. */
  mostAtOnce(key: string): number;
};

type Key = {
  begun: PromiseWithResolvers<void>;
  cancelled: PromiseWithResolvers<void>;
  sent: number;
  running: number;
  mostAtOnce: number;
};

/** A backend of the test contract. */
export function createEchoService(): { service: GuardedService; happenings: Happenings } {
  const keys = new Map<string, Key>();
  const at = (key: string): Key => {
    const found = keys.get(key) ?? {
      begun: Promise.withResolvers<void>(),
      cancelled: Promise.withResolvers<void>(),
      sent: 0,
      running: 0,
      mostAtOnce: 0,
    };
    keys.set(key, found);
    return found;
  };
  const follow = (key: string, context: HandlerContext) => {
    const known = at(key);
    known.begun.resolve();
    known.running += 1;
    known.mostAtOnce = Math.max(known.mostAtOnce, known.running);
    context.signal.addEventListener("abort", () => {
      known.running -= 1;
      known.cancelled.resolve();
    });
  };
  const service = guard(EchoService, {
    echo: (request, context) => ({
      request,
      metadata: metadataOf(context),
      timeoutMs: context.timeoutMs() ?? 0,
    }),
    look: (request, context) => ({ request, metadata: metadataOf(context) }),
    updateItem: (request) => ({ request }),
    fail: ({ code, reason, message, unexpected }) => {
      if (unexpected) throw new Error(message);
      throw reason
        ? failure(code, reason as ErrorReason, message, { a: "b" })
        : new ConnectError(message, code);
    },
    async *count(request, context) {
      follow(request.key, context);
      for (const number of numbers(request)) {
        yield { number, padding: "x".repeat(request.padding) };
        at(request.key).sent = number;
        if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (request.failAfter) throw new ConnectError("counted enough", Code.Aborted);
    },
    async sum(requests) {
      let sum = 0n;
      for await (const { number } of requests) sum += BigInt(number);
      return { sum };
    },
    async *chat(requests) {
      for await (const { text } of requests) yield { text: text.toUpperCase() };
    },
    async upload(requests, context) {
      follow("upload", context);
      const answer = { bytes: 0, largest: 0, chunks: 0 };
      const hash = createHash("sha256");
      let header = {};
      for await (const { part } of requests) {
        if (part.case === "header") header = part.value;
        if (part.case !== "chunk") continue;
        hash.update(part.value);
        answer.bytes += part.value.byteLength;
        at("upload").sent = answer.bytes;
        answer.chunks += 1;
        answer.largest = Math.max(answer.largest, part.value.byteLength);
      }
      const { bytes, largest, chunks } = answer;
      return { header, bytes: BigInt(bytes), sha256: hash.digest("hex"), largestChunk: largest, chunks };
    },
    async *download({ bytes, range, failAfter }, context) {
      follow(`download ${bytes}`, context);
      const total = Number(bytes);
      const headers = { "content-length": String(total), etag: '"abc"', "x-range": range };
      yield {
        contentType: "text/csv",
        extensions: [anyPack(HttpHeadSchema, create(HttpHeadSchema, { status: range ? 206 : 200, headers }))],
      };
      for (let at = 0; at < total; at += chunkBytes) {
        if (failAfter && at >= Number(failAfter)) throw new ConnectError("damaged", Code.DataLoss);
        yield { data: chunkAt(at, Math.min(chunkBytes, total - at)) };
      }
    },
    mirror: (body) => body,
    wait: ({ key }, context) => {
      follow(key, context);
      return new Promise((_, reject) => {
        context.signal.addEventListener("abort", () => reject(context.signal.reason));
      });
    },
    hide: () => ({}),
  });
  return {
    service,
    happenings: {
      begun: (key) => at(key).begun.promise,
      cancelled: (key) => at(key).cancelled.promise,
      sent: (key) => at(key).sent,
      mostAtOnce: (key) => at(key).mostAtOnce,
    },
  };
}

const chunkBytes = 256 * 1024;

/** Bytes of a download from `start`. They differ by position. */
function chunkAt(start: number, length: number): Uint8Array {
  const chunk = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) chunk[index] = ((start + index) * 31) >> 3;
  return chunk;
}

/** All bytes of a download. */
export function contentOf(bytes: number): Uint8Array {
  return chunkAt(0, bytes);
}

function* numbers({ upTo }: CountRequest): Generator<number> {
  for (let number = 1; upTo === 0 || number <= upTo; number += 1) yield number;
}

function metadataOf({ requestHeader }: HandlerContext): Record<string, string> {
  return Object.fromEntries(requestHeader);
}
