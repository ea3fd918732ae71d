import type { Limit } from "../connectors/connector.ts";
import type { Engine } from "./engine.ts";
import { openPipes } from "./pipes.ts";
import type { Extraction, Task } from "./protocol.ts";

/** What is read: a file, or what is written by `feed`, which fails when that is not whole. */
export type ExtractInput = { readonly path: string } | { readonly feed: Feed };

/** Has rows written into the named pipe at a path. */
export type Feed = (inputPath: string, signal: AbortSignal) => Promise<void>;

type ExtractTask = Omit<
  Task & { kind: "extract" },
  "path" | "outputPath" | "spillDirectory" | "memoryBytes" | "kind"
>;

/**
 * Answers the bytes of a file of some rows while a process writes them, then what is known of them. The first failure
 * of the process and of the input ends the other one and is the one that is thrown. Fails with EngineFailure.
 */
export async function* extract(
  engine: Engine,
  input: ExtractInput,
  task: ExtractTask,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  await using pipes = await openPipes(engine.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop.signal]);
  signal.addEventListener("abort", () => pipes.output.destroy(signal.reason), { once: true });
  const path = "path" in input ? input.path : pipes.inputPath;
  const writing = engine
    .run({ ...task, kind: "extract", path, outputPath: pipes.outputPath }, { ...limit, signal })
    .finally(() => pipes.endOutput());
  const feeding = "feed" in input ? input.feed(pipes.inputPath, signal) : Promise.resolve();
  const done = Promise.all([writing, feeding]);
  done.catch((error) => stop.abort(error));
  try {
    signal.throwIfAborted();
    for await (const chunk of pipes.output) yield chunk;
    const [reply] = await done;
    if (reply.kind !== "extracted") throw new Error("the engine answered something else");
    return reply.extraction;
  } finally {
    stop.abort();
    await Promise.allSettled([writing, feeding]);
  }
}
