import type { Engine } from "../../engine/engine.ts";
import { EngineFailure } from "../../engine/engine-failure.ts";
import { openPipes } from "../../engine/pipes/pipes.ts";
import type { WrittenResult } from "../../engine/protocol.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { Limit } from "../../timing/limit.ts";
import type { FileQuery } from "../connector.ts";
import { withEngineFailures } from "../engine-failures.ts";
import type { StatementPlan } from "./read-statement.ts";
import type { SqlProcess } from "./sql-process.ts";

/**
 * The source's process writes the rows of a statement to a pipe, and an engine writes them to a file. The first failure of
 * either ends the other and is the one that is thrown.
 */
export async function writeSqlResult(
  engine: Engine,
  process: SqlProcess,
  { sql, maxRows, ...output }: FileQuery,
  { signal: limitSignal, timeoutMs }: Limit,
): Promise<WrittenResult> {
  await using pipes = await openPipes(engine.pipesDirectory);
  const stop = new AbortController();
  const signal = AbortSignal.any([limitSignal, stop.signal]);
  const { inputPath } = pipes;
  // One row more shows whether the result is truncated.
  const rowsMax = maxRows === undefined ? undefined : maxRows + 1;
  const planned = Promise.withResolvers<StatementPlan>();
  const reading = readRows();
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
  reading.catch(planned.reject);

  async function readRows(): Promise<number | undefined> {
    const request = { sql, rowsMax, inputPath, timeoutMs };
    const rowsSent = await process.request("readStatement", request, { signal, onPart: planned.resolve });
    await pipes.endInput(writing, signal);
    return rowsSent;
  }

  for (const one of [reading, writing]) one.catch((error) => stop.abort(error));
  return await withEngineFailures("the result", async () => {
    try {
      const [rowsSent, reply] = await beforeAbort(Promise.all([reading, writing]), signal);
      if (reply.kind !== "written") throw new Error("the engine answered something else");
      checkCount(rowsSent, reply.result);
      return reply.result;
    } finally {
      await Promise.allSettled([reading, writing]);
    }
  });
}

/** Fails if rows were lost between the server and the file. */
function checkCount(rowsSent: number | undefined, { rowCount, truncated }: WrittenResult): void {
  const arrived = truncated ? rowCount + 1 : rowCount;
  if (rowsSent === undefined || rowsSent === arrived) return;
  const problem = `the source says that it sent ${rowsSent} rows, and sent ${arrived}`;
  throw new EngineFailure("sourceDataInvalid", problem);
}
