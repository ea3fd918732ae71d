import type { ChildProcess } from "node:child_process";
import type { Logger } from "../../lib/telemetry/log.ts";
import { executionTooLarge, sourceDataInvalid, sourceUnreachable } from "../errors.ts";
import { hasEnded, killChild, onceEnded } from "../process/child.ts";
import type { PartOf, ReplyOf, RequestOf } from "./operation.ts";
import {
  deserializeValue,
  type ExitCause,
  type FromProcess,
  type Serialized,
  serializeValue,
  type ToProcess,
} from "./protocol.ts";
import { createReplyBounds } from "./reply-bounds.ts";
import { fromSentFailure, type SentFailure } from "./sent-failure.ts";

/** How long a process may take to respond to a cancellation before it is killed, in milliseconds. */
const cancelGraceMs = 3000;

export type RequestOptions<Part> = {
  /** Cancels the operation on abort. Its reason is thrown. */
  readonly signal: AbortSignal;
  onPart?(part: Part): void;
};

/** Client of one source process. */
export type SourceClient = AsyncDisposable & {
  /**
   * Runs the operation `O` that the process knows by this name. Fails like the operation, or with Unavailable
   * (SOURCE_UNREACHABLE) or ResourceExhausted (EXECUTION_LIMIT) if the process exits. A process that does not respond soon after
   * the abort is killed.
   */
  request<O>(
    operation: string,
    request: RequestOf<O>,
    options: RequestOptions<PartOf<O>>,
  ): Promise<ReplyOf<O>>;
  /** Kills the process because of its memory. All of its requests fail. */
  endForMemory(): void;
  /** Whether it accepts no more requests. */
  readonly isOver: boolean;
};

type Cause = ExitCause | "overdue" | "unused" | "unreadable";

type Pending = {
  /** Throws if too much was sent. */
  readonly bounded: (body: Serialized) => Serialized;
  onPart(part: unknown): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
};

/** `onEnd` is called exactly once, after the process has exited. */
export function createSourceClient(child: ChildProcess, log: Logger, onEnd: () => void): SourceClient {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let cause: Cause | undefined;

  /** Messages after the cause of the end are dropped: a reply could lack the part that could not be read. */
  function receive(message: FromProcess): void {
    if (cause !== undefined) return;
    try {
      take(message);
    } catch (error) {
      log.error({ err: error, pid: child.pid }, "a source's process is killed: what it sends can't be read");
      void end("unreadable");
    }
  }

  function take(message: FromProcess): void {
    if (message.kind === "exiting") {
      cause ??= message.cause;
      log.error({ cause: message.cause, detail: message.detail }, "a source's process ends by itself");
      return;
    }
    const { kind, id, body } = message;
    const waiting = pending.get(id);
    // The request was cancelled.
    if (!waiting) return;
    const content = deserializeValue(waiting.bounded(body));
    if (kind === "part") waiting.onPart(content);
    else if (kind === "reply") waiting.resolve(content);
    else fail(content as SentFailure, waiting);
    if (kind !== "part") pending.delete(id);
  }

  function fail(failure: SentFailure, waiting: Pending): void {
    const { message, cause: where } = failure;
    if (where !== undefined) log.warn({ message, cause: where }, "a source's answer is not understood");
    waiting.reject(fromSentFailure(failure));
  }

  function die(lastWords: string): void {
    if (cause === undefined && outOfHeap.test(lastWords)) cause = "memory";
    if (cause === undefined) {
      const { exitCode, signalCode } = child;
      log.error({ exitCode, signalCode, requests: pending.size }, "a source's process crashed");
    }
    for (const waiting of pending.values()) waiting.reject(endedBecause(cause));
    pending.clear();
    onEnd();
  }

  function end(because: typeof cause): Promise<void> {
    cause ??= because;
    return killChild(child);
  }

  const isOver = () => cause !== undefined || hasEnded(child);

  const send = (message: ToProcess) => void (child.connected && child.send(message, () => {}));

  /** Cancels a request without waiting. The process is killed unless it responds in time. */
  function cancelOrKill(id: number, settled: Promise<unknown>): void {
    send({ kind: "cancel", id });
    const timer = setTimeout(() => {
      log.warn({ pid: child.pid }, "a source's process is killed: it does not answer a cancellation");
      void end("overdue");
    }, cancelGraceMs);
    const responded = () => clearTimeout(timer);
    settled.then(responded, responded);
  }

  async function beforeAbort(id: number, reply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => {
      cancelOrKill(id, reply);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([reply, aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  child.on("message", receive);
  // Asynchronous even if the process could not be started: the caller needs the client first.
  onceEnded(child, die);
  return {
    request(operation, request, { signal, onPart = () => {} }) {
      signal.throwIfAborted();
      if (isOver()) throw endedBecause(cause);
      lastId += 1;
      const id = lastId;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const bounded = createReplyBounds();
      pending.set(id, { bounded, onPart: onPart as Pending["onPart"], resolve, reject });
      send({ kind: "request", id, operation, body: serializeValue(request) });
      return beforeAbort(id, promise, signal) as never;
    },
    endForMemory() {
      log.warn({ pid: child.pid }, "a source's process is killed: it has too much memory");
      void end("memory");
    },
    get isOver() {
      return isOver();
    },
    [Symbol.asyncDispose]: () => end("unused"),
  };
}

/** Message of V8 when its heap is full. */
const outOfHeap = /out of memory/i;

function endedBecause(cause: Cause | undefined): Error {
  switch (cause) {
    case "unreadable":
      return sourceDataInvalid("the source was cut off: its answers can't be read");
    case "memory":
      return executionTooLarge(
        "the source was cut off: its answers take more memory than one source may use",
      );
    case "overdue":
      return sourceUnreachable(
        "the source was cut off: it kept its connection's process busy beyond its deadline",
      );
    case "unused":
      return sourceUnreachable("the connection to the source was closed: the server stops");
    default:
      return sourceUnreachable("the source was cut off: the process that speaks to it crashed");
  }
}
