import { bindToParent } from "../process/bind-to-parent.ts";
import {
  deserializeValue,
  type ExitCause,
  type FromProcess,
  serializeValue,
  type ToProcess,
} from "../source-process/protocol.ts";
import { createReplyBounds } from "../source-process/reply-bounds.ts";
import { toSentFailure } from "../source-process/sent-failure.ts";
import { createOperations } from "./source-operations.ts";
import type { RowSources } from "./sql/row-source.ts";

/** Memory that one source may use, in bytes. */
const memoryBytesMax = 512 * 1024 * 1024;
const checkMemoryEveryMs = 100;

/** The types of a request and of its operation were matched by the sender. */
type Run = (
  request: unknown,
  context: { signal: AbortSignal; send(part: unknown): void },
) => Promise<unknown>;

/**
 * Serves one source in this process. Each source has a separate process, because it can keep the process busy, fill its memory
 * or trigger a fault of the client. Then only the calls to that source fail.
 */
export function serveSource(sources: RowSources): void {
  const operations = new Map<string, Run>(Object.entries(createOperations(sources)) as [string, Run][]);
  const running = new Map<number, AbortController>();

  async function serve({ id, operation, body }: ToProcess & { kind: "request" }): Promise<void> {
    const cancelled = new AbortController();
    running.set(id, cancelled);
    using _watch = watchMemory();
    const bounded = createReplyBounds();
    try {
      const run = operations.get(operation);
      if (!run) throw new Error(`there is no operation ${operation}`);
      const reply = await run(deserializeValue(body), {
        signal: cancelled.signal,
        send: (part) => send({ kind: "part", id, body: bounded(serializeValue(part)) }),
      });
      send({ kind: "reply", id, body: bounded(serializeValue(reply)) });
    } catch (error) {
      send({ kind: "failure", id, body: serializeValue(toSentFailure(error)) });
    } finally {
      running.delete(id);
    }
  }

  bindToParent();
  process.once("uncaughtException", (error) => endWith("fault", error.stack ?? String(error)));
  process.on("message", (message: ToProcess) => {
    if (message.kind === "cancel") running.get(message.id)?.abort();
    else void serve(message);
  });
}

function send(message: FromProcess): void {
  // A failed send means that the parent is gone.
  process.send?.(message, undefined, undefined, () => {});
}

/** Checks the resident set: V8's own limit does not cover buffers, which are most of the memory. */
function watchMemory(): Disposable {
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() > memoryBytesMax) endWith("memory", `more than ${memoryBytesMax} bytes`);
  }, checkMemoryEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function endWith(cause: ExitCause, detail: string): void {
  process.send?.({ kind: "exiting", cause, detail } satisfies FromProcess, undefined, undefined, () =>
    process.kill(process.pid, "SIGKILL"),
  );
}
