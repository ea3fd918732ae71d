import type { Engine } from "../../engine/engine.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import { openPipes } from "../../engine/pipes/pipes.ts";
import type { WrittenResult } from "../../engine/protocol.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { Limit } from "../../timing/limit.ts";
import type { FileQuery } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import type { CopyPlan } from "./copy-query.ts";
import type { Remote } from "./remote.ts";

/**
 * Has the source's process copy the rows of a statement into a pipe and an engine write them into a file. The first failure of
 * one ends the other and is the one that is thrown.
 */
export async function writeDatabaseResult(
  engine: Engine,
  remote: Remote,
  { sql, maxRows, ...output }: FileQuery,
  { signal: limitSignal, timeoutMs }: Limit,
): Promise<WrittenResult> {
  await using pipes = await openPipes(engine.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limitSignal, stop.signal]);
  const { inputPath } = pipes;
  // One more tells whether there are more.
  const rowsMax = maxRows === undefined ? undefined : maxRows + 1;
  const planned = Promise.withResolvers<CopyPlan>();
  const copying = copyRows();
  const writing = planned.promise.then((rows) => {
    const task = {
      kind: "write" as const,
      path: inputPath,
      fileName: "the result",
      rows,
      maxRows,
      ...output,
    };
    return engine.run(task, { signal, timeoutMs });
  });
  copying.catch(planned.reject);

  async function copyRows(): Promise<number | undefined> {
    const rowsSent = await remote.ask(
      "copyQuery",
      (target) => ({ target, sql, rowsMax, inputPath, timeoutMs }),
      { signal, onPart: planned.resolve },
    );
    await pipes.endInput(writing, signal);
    return rowsSent;
  }

  for (const one of [copying, writing]) one.catch((error) => stop.abort(error));
  return await withEngineFailures("the result", async () => {
    try {
      const [rowsSent, reply] = await beforeAbort(Promise.all([copying, writing]), signal);
      if (reply.kind !== "written") throw new Error("the engine answered something else");
      checkCount(rowsSent, reply.result);
      return reply.result;
    } finally {
      await Promise.allSettled([copying, writing]);
    }
  });
}

/** Nothing that the server sent may be missing. */
function checkCount(rowsSent: number | undefined, { rowCount, truncated }: WrittenResult): void {
  const arrived = truncated ? rowCount + 1 : rowCount;
  if (rowsSent === undefined || rowsSent === arrived) return;
  const problem = `the source says that it sent ${rowsSent} rows, and sent ${arrived}`;
  throw new EngineFailure("sourceDataInvalid", problem);
}
