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
import { operations } from "./source-operations.ts";

// The process that speaks to one source. It is a process because a source can keep it busy, fill its memory or find a fault in the
// client: then only the calls on that source end with it.

/** Memory that one source may take, in bytes. */
const memoryBytesMax = 512 * 1024 * 1024;
const checkMemoryEveryMs = 100;

const running = new Map<number, AbortController>();

bindToParent();
process.once("uncaughtException", (error) => endWith("fault", error.stack ?? String(error)));
process.on("message", (message: ToProcess) => {
  if (message.kind === "cancel") running.get(message.id)?.abort();
  else void serve(message);
});

async function serve({ id, operation, body }: ToProcess & { kind: "request" }): Promise<void> {
  const cancelled = new AbortController();
  running.set(id, cancelled);
  using _watch = watchMemory();
  const bounded = createReplyBounds();
  try {
    const reply = await run(operation, unpack(body), {
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

/** The types of a request and of its operation were matched where it was sent. */
type Run = (
  request: unknown,
  context: { signal: AbortSignal; send(part: unknown): void },
) => Promise<unknown>;

function run(operation: string, ...args: Parameters<Run>): Promise<unknown> {
  const found = Object.entries(operations).find(([name]) => name === operation)?.[1];
  if (!found) throw new Error(`there is no operation ${operation}`);
  return (found as Run)(...args);
}

function send(message: FromProcess): void {
  // What can't be sent has nobody to wait for it.
  process.send?.(message, undefined, undefined, () => {});
}

/** Buffers, which most of it is, are outside of what V8's own limit bounds. */
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
