import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { aborted } from "../../lib/lifetime.ts";
import type { Limit } from "../connectors/connector.ts";
import type { Series } from "./engine.ts";
import { openPipes, type Pipes } from "./pipes.ts";
import type { Extraction, Task } from "./protocol.ts";

/** What is read: a file, or what is written by `feed`, which fails when that is not whole. */
export type ExtractInput = { readonly path: string } | { readonly feed: Feed };

/** `input` comes when the process reads it. */
export type Feed = (input: Promise<Writable>, signal: AbortSignal) => Promise<void>;

type ExtractTask = Omit<
  Task & { kind: "extract" },
  "path" | "outputPath" | "spillDirectory" | "memoryBytes" | "kind"
>;

/**
 * Answers the bytes of a file of some rows while a process writes them, then what is known of them. The first failure
 * of the process and of the input ends the other one and is the one that is thrown. Fails with EngineFailure.
 */
export async function* extract(
  series: Series,
  input: ExtractInput,
  task: ExtractTask,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  await using pipes = await openPipes(series.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop.signal]);
  signal.addEventListener("abort", () => pipes.output.destroy(signal.reason), { once: true });
  const path = "path" in input ? input.path : pipes.inputPath;
  const writing = series
    .run({ ...task, kind: "extract", path, outputPath: pipes.outputPath }, { ...limit, signal })
    .finally(() => pipes.endOutput());
  const feeding = "feed" in input ? feedAll(pipes, input.feed, signal) : Promise.resolve();
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

async function feedAll(pipes: Pipes, feed: Feed, signal: AbortSignal): Promise<void> {
  const opening = pipes.openInput(signal);
  // It may fail while `feed` still does something else, and that must not end the process.
  opening.catch(() => {});
  try {
    await feed(opening, signal);
    const input = await opening;
    // Its end is all that tells the process that there is no more: it comes when the input is known to be whole.
    input.end();
    await finished(input, { readable: false, signal });
  } catch (error) {
    // The process that does not read any more has a reason, which is about to be known.
    if (isBrokenPipe(error)) await aborted(signal);
    signal.throwIfAborted();
    throw error;
  } finally {
    opening.then(
      (input) => void input.destroy(),
      () => {},
    );
  }
}

const isBrokenPipe = (error: unknown): boolean =>
  /^(EPIPE|ERR_STREAM_(PREMATURE_CLOSE|DESTROYED|WRITE_AFTER_END))$/.test(
    String((error as { code?: unknown }).code),
  );
