import type { ChildProcess } from "node:child_process";
import type { Logger } from "../../lib/log.ts";
import { executionTooLarge, sourceUnreachable } from "../errors.ts";
import { hasEnded, killChild } from "../process/child.ts";
import type { PartOf, ReplyOf, RequestOf } from "./operation.ts";
import type { SourceOperations } from "./operations.ts";
import { type EndingCause, type FromProcess, pack, type ToProcess, unpack } from "./protocol.ts";
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
   * Fails as the operation does; with Unavailable (SOURCE_UNREACHABLE) or ResourceExhausted (EXECUTION_LIMIT) when the
   * process ends. A process that does not answer within a grace after the signal aborted is killed.
   */
  request<Name extends keyof SourceOperations>(
    operation: Name,
    request: RequestOf<SourceOperations[Name]>,
    options: RequestOptions<PartOf<SourceOperations[Name]>>,
  ): Promise<ReplyOf<SourceOperations[Name]>>;
  /** Ends the process, with all of its requests, because of its memory. */
  endForMemory(): void;
  /** Whether it takes no more requests. */
  readonly isOver: boolean;
};

type Pending = {
  onPart(part: unknown): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
};

/** `onEnd` is called once, when the process is gone. */
export function createSourceClient(child: ChildProcess, log: Logger, onEnd: () => void): SourceClient {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let cause: EndingCause | "overdue" | "unused" | undefined;

  function receive(message: FromProcess): void {
    if (message.kind === "ending") {
      cause ??= message.cause;
      log.error({ cause: message.cause, detail: message.detail }, "a source's process ends by itself");
      return;
    }
    const { kind, id, body } = message;
    const waiting = pending.get(id);
    if (kind === "part") waiting?.onPart(unpack(body));
    else if (kind === "reply") waiting?.resolve(unpack(body));
    else fail(unpack(body) as SentFailure, waiting);
  }

  function fail(failure: SentFailure, waiting: Pending | undefined): void {
    const { message, cause: where } = failure;
    if (where !== undefined) log.warn({ message, cause: where }, "a source's answer is not understood");
    waiting?.reject(fromSentFailure(failure));
  }

  function die(): void {
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

  async function answered(id: number, pendingReply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      send({ kind: "cancel", id });
      timer = setTimeout(() => {
        log.warn({ pid: child.pid }, "a source's process is killed: it does not answer a cancellation");
        void end("overdue");
      }, answerGraceMs);
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await pendingReply;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      pending.delete(id);
    }
  }

  child.on("message", receive);
  // Who creates the client has to have it before it hears that a process could not be started.
  if (hasEnded(child)) queueMicrotask(die);
  else child.once("exit", die);
  return {
    request(operation, request, { signal, onPart = () => {} }) {
      signal.throwIfAborted();
      if (isOver()) throw endedBecause(cause);
      lastId += 1;
      const id = lastId;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      pending.set(id, { onPart: onPart as Pending["onPart"], resolve, reject });
      send({ kind: "request", id, operation, body: pack(request) });
      return answered(id, promise, signal) as never;
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

function endedBecause(cause: EndingCause | "overdue" | "unused" | undefined): Error {
  switch (cause) {
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
