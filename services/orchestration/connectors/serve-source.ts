import { bindToParent } from "../process/bind-to-parent.ts";
import {
  type EndingCause,
  type FromProcess,
  pack,
  type ToProcess,
  unpack,
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
 * Serves one source in this process. It is a process of its own because a source can keep it busy, fill its memory or hit a
 * fault of the client: only the calls on that source end with it.
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
      const reply = await run(unpack(body), {
        signal: cancelled.signal,
        send: (part) => send({ kind: "part", id, body: bounded(pack(part)) }),
      });
      send({ kind: "reply", id, body: bounded(pack(reply)) });
    } catch (error) {
      send({ kind: "failure", id, body: pack(toSentFailure(error)) });
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

function endWith(cause: EndingCause, detail: string): void {
  process.send?.({ kind: "ending", cause, detail } satisfies FromProcess, undefined, undefined, () =>
    process.kill(process.pid, "SIGKILL"),
  );
}
