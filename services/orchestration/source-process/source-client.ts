import type { ChildProcess } from "node:child_process";
import type { Logger } from "../../lib/telemetry/log.ts";
import { executionTooLarge, sourceDataInvalid, sourceUnreachable } from "../errors.ts";
import { hasEnded, killChild, onceEnded } from "../process/child.ts";
import type { PartOf, ReplyOf, RequestOf } from "./operation.ts";
import { type EndingCause, type FromProcess, type Packed, pack, type ToProcess, unpack } from "./protocol.ts";
import { createReplyBounds } from "./reply-bounds.ts";
import { fromSentFailure, type SentFailure } from "./sent-failure.ts";

/** How long a process may take to answer what was cancelled before it is killed, in milliseconds. */
const answerGraceMs = 3000;

export type RequestOptions<Part> = {
  /** When it aborts, the operation is cancelled, and its reason is thrown. */
  readonly signal: AbortSignal;
  onPart?(part: Part): void;
};

/** One process of a source. */
export type SourceClient = AsyncDisposable & {
  /**
   * Runs the operation of type `O` that the process knows by this name. Fails as the operation does; with Unavailable (SOURCE_UNREACHABLE) or ResourceExhausted (EXECUTION_LIMIT) when the
   * process ends. A process that does not answer within a grace after the signal aborted is killed.
   */
  request<O>(
    operation: string,
    request: RequestOf<O>,
    options: RequestOptions<PartOf<O>>,
  ): Promise<ReplyOf<O>>;
  /** Ends the process, with all of its requests, because of its memory. */
  endForMemory(): void;
  /** Whether it takes no more requests. */
  readonly isOver: boolean;
};

type Cause = EndingCause | "overdue" | "unused" | "unreadable";

type Pending = {
  /** Throws when too much was sent. */
  readonly bounded: (body: Packed) => Packed;
  onPart(part: unknown): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
};

/** `onEnd` is called once, when the process is gone. */
export function createSourceClient(child: ChildProcess, log: Logger, onEnd: () => void): SourceClient {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let cause: Cause | undefined;

  /** What comes behind the cause of the end is of nobody: a reply would lack the part that could not be read. */
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
    if (message.kind === "ending") {
      cause ??= message.cause;
      log.error({ cause: message.cause, detail: message.detail }, "a source's process ends by itself");
      return;
    }
    const { kind, id, body } = message;
    const waiting = pending.get(id);
    // Nobody waits for it any more.
    if (!waiting) return;
    const content = unpack(waiting.bounded(body));
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

  /** Nobody waits for a process that was told: it is killed unless it answers. */
  function cancelInTime(id: number, settled: Promise<unknown>): void {
    send({ kind: "cancel", id });
    const timer = setTimeout(() => {
      log.warn({ pid: child.pid }, "a source's process is killed: it does not answer a cancellation");
      void end("overdue");
    }, answerGraceMs);
    const answered = () => clearTimeout(timer);
    settled.then(answered, answered);
  }

  async function beforeAbort(id: number, reply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => {
      cancelInTime(id, reply);
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
  // Who creates the client has to have it before it hears that a process could not be started.
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
      send({ kind: "request", id, operation, body: pack(request) });
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

/** V8's last words when its heap is full. */
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
