import type { Limit } from "../timing/limit.ts";
import type { Engine, NewTask } from "./engine.ts";
import { openPipes } from "./pipes/pipes.ts";
import type { Reply } from "./protocol.ts";

/** Writes rows into the named pipe at `inputPath`. */
export type Feed = (inputPath: string, signal: AbortSignal) => Promise<void>;

type Paths = { readonly inputPath: string; readonly outputPath: string };

/**
 * Streams the output of a task and returns its reply. `feed`, if given, writes the input of the task. The first failure of
 * either cancels the other and is thrown. Fails with EngineFailure.
 */
export async function* streamOutput(
  engine: Engine,
  taskOf: (paths: Paths) => NewTask,
  feed: Feed | undefined,
  limit: Limit,
): AsyncGenerator<Uint8Array, Exclude<Reply, { kind: "failed" }>> {
  await using pipes = await openPipes(engine.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop.signal]);
  signal.addEventListener("abort", () => pipes.output.destroy(signal.reason), { once: true });
  const writing = engine.run(taskOf(pipes), { ...limit, signal }).finally(() => pipes.endOutput());
  const feeding = feed?.(pipes.inputPath, signal).then(() => pipes.endInput(writing, signal));
  const done = Promise.all([writing, feeding]);
  done.catch((error) => stop.abort(error));
  try {
    signal.throwIfAborted();
    for await (const chunk of pipes.output) yield chunk;
    const [reply] = await done;
    return reply;
  } finally {
    stop.abort();
    await Promise.allSettled([writing, feeding]);
  }
}
