import type { Limit } from "../timing/limit.ts";
import type { Engine } from "./engine.ts";
import type { Extraction, Task } from "./protocol.ts";
import { type Feed, streamOutput } from "./stream-output.ts";

export type { Feed };

/** The input: a file, or the rows that `feed` writes. `feed` rejects when they are incomplete. */
export type ExtractInput = { readonly path: string } | { readonly feed: Feed };

type ExtractTask = Omit<
  Task & { kind: "extract" },
  "path" | "outputPath" | "spillDirectory" | "memoryBytes" | "kind"
>;

/** Streams an extract while a process writes it, and returns its statistics. */
export async function* extract(
  engine: Engine,
  input: ExtractInput,
  task: ExtractTask,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  const reply = yield* streamOutput(
    engine,
    ({ inputPath, outputPath }) => ({
      ...task,
      kind: "extract" as const,
      path: "path" in input ? input.path : inputPath,
      outputPath,
    }),
    "feed" in input ? input.feed : undefined,
    limit,
  );
  if (reply.kind !== "extracted") throw new Error("the engine answered something else");
  return reply.extraction;
}
