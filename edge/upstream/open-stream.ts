import type { OutgoingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { wrap, wrapParts } from "../codec/envelope.ts";
import type { RawHeaders } from "../http2-client/raw-headers.ts";
import { startAttempts } from "./attempts.ts";
import type { CallSteps } from "./call-steps.ts";
import type { CallPolicy } from "./policy.ts";
import { createRetryBuffer, type RetryBuffer } from "./retry-buffer.ts";
import { type CallResult, unreachable } from "./status.ts";
import { openAttempt } from "./stream-attempt.ts";
import type { Upstream } from "./upstream.ts";

/** A call with many messages in either direction or both. */
export type StreamCall = {
  /**
   * Sends a message, whose end can be passed separately: it is not copied then, and must not change. The promise, if there is
   * one, resolves when the upstream has room for more.
   */
  send(message: Uint8Array, end?: Uint8Array): Promise<void> | undefined;
  /** No more requests follow. */
  end(): void;
  cancel(): void;
};

/** Receives the responses of a call. */
export type StreamListener = {
  headers(raw: RawHeaders): void;
  /** The next message waits for the promise, if there is one. */
  message(bytes: Buffer): Promise<void> | undefined;
  /** Called exactly once, after all messages. No error means OK. */
  finished(error: ConnectError | undefined, trailers: RawHeaders): void;
};

/** Starts a call. It can be retried until its response begins, while its requests are kept. */
export function openStream(
  upstream: Upstream,
  options: {
    policy: CallPolicy;
    headers: OutgoingHttpHeaders;
    timeoutMs: number | undefined;
    listener: StreamListener;
  },
): StreamCall {
  const requests = createRetryBuffer(options.policy);
  const { isFinished, cancel } = startAttempts<CallResult>(upstream, {
    ...options,
    hedging: undefined,
    retryable: requests.retryable,
    send: (...attempt) => sendAttempt(upstream.peer, requests, options.listener, attempt),
    failure: (error) => ({ error, trailers: [] }),
    finished({ error, trailers }) {
      requests.release();
      options.listener.finished(error, trailers);
    },
  });
  const send = (envelope: Buffer) => (isFinished() ? undefined : requests.send(envelope));
  return {
    send(message, end) {
      if (!end) return send(wrap(0, message));
      const [head, rest] = wrapParts(0, message, end);
      void send(head);
      return send(rest);
    },
    end: requests.end,
    cancel,
  };
}

function sendAttempt(
  peer: string,
  requests: RetryBuffer,
  listener: StreamListener,
  [session, headers, finished]: Parameters<CallSteps<CallResult>["send"]>,
): () => void {
  let isCanceled = false;
  const stream = openAttempt(session, headers, peer, {
    headers(raw) {
      if (isCanceled) return;
      requests.drop();
      listener.headers(raw);
    },
    message: (bytes) => (isCanceled ? undefined : listener.message(bytes)),
    finished(attempt) {
      if (isCanceled) return;
      cancel();
      finished(attempt);
    },
  });
  const cancel = () => {
    isCanceled = true;
    requests.detach();
    // A service may end its response before it has read every request.
    stream?.cancel();
  };
  if (stream) requests.attach(stream);
  else {
    const result = { error: unreachable(peer), trailers: [] };
    queueMicrotask(() => finished({ outcome: "refused", pushbackMs: undefined, result }));
  }
  return cancel;
}
