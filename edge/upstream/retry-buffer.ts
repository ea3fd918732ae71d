import { envelopePrefixBytes } from "../codec/envelope.ts";
import type { ClientStream } from "../http2-client/stream.ts";
import type { CallPolicy } from "./policy.ts";
import type { Retryable } from "./retry.ts";

/** Largest size of the requests that are kept for a retry, in bytes. */
const keptBytesMax = 256 * 1024;

/** The requests of a streaming call, which are sent on the stream of each attempt. */
export type RetryBuffer = {
  retryable(): Retryable;
  /** Takes an envelope, or a part of one. The promise, if there is one, resolves when there is room for more. */
  send(envelope: Buffer): Promise<void> | undefined;
  end(): void;
  /** Sends all requests so far on a stream, and those to come. */
  attach(stream: ClientStream): void;
  detach(): void;
  /** Keeps requests no longer. */
  drop(): void;
  /** Resumes a sender that waits for a stream. */
  release(): void;
};

export function createRetryBuffer(policy: CallPolicy): RetryBuffer {
  let kept: Buffer[] | undefined = [];
  let keptBytes = 0;
  let isEnded = false;
  let stream: ClientStream | undefined;
  let attached: PromiseWithResolvers<void> | undefined;
  const release = () => {
    attached?.resolve();
    attached = undefined;
  };
  const drop = () => {
    kept = undefined;
  };
  return {
    retryable() {
      if (!kept) return "never";
      // A `request_id` identifies a call only if the request that has it is the only one.
      const only = isEnded && kept.length === 1 ? kept[0]?.subarray(envelopePrefixBytes) : undefined;
      return policy.mayRetry(only) ? "always" : "unprocessed";
    },
    send(envelope) {
      if (kept) {
        kept.push(envelope);
        keptBytes += envelope.byteLength;
        if (keptBytes > keptBytesMax && stream) drop();
      }
      if (stream) return stream.write(envelope);
      if (keptBytes <= keptBytesMax) return undefined;
      attached ??= Promise.withResolvers();
      return attached.promise;
    },
    end() {
      isEnded = true;
      stream?.end();
    },
    attach(opened) {
      stream = opened;
      for (const envelope of kept ?? []) stream.write(envelope);
      if (keptBytes > keptBytesMax) drop();
      if (isEnded) stream.end();
      release();
    },
    detach() {
      stream = undefined;
    },
    drop,
    release,
  };
}
