import { open } from "node:fs/promises";
import type { Limit } from "../connectors/connector.ts";
import type { Engine } from "../engine/engine.ts";
import type { Extraction, RowRange } from "../engine/protocol.ts";
import { snapshotGone } from "../errors.ts";
import { cutFoot } from "./parquet-foot/cut-foot.ts";
import type { ParquetFoot } from "./parquet-foot/foot.ts";
import { readCut } from "./parquet-foot/read-cut.ts";
import type { PreparedFile } from "./prepared-files.ts";

export type HandedOut = {
  readonly fileName: string;
  readonly foot: ParquetFoot;
  readonly groups: RowRange;
  readonly rows: RowRange;
};

/**
 * Answers the bytes of some row groups of a prepared file as a file of their own, then what is known of them. Nothing is
 * encoded again. FailedPrecondition (SNAPSHOT_GONE) when the file is damaged: the next plan prepares it again.
 */
export async function* handOut(
  engine: Engine,
  prepared: PreparedFile,
  { fileName, foot, groups, rows }: HandedOut,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  if (!(await prepared.isWhole())) throw snapshotGone();
  const { path, preparation } = prepared;
  const columns = preparation.columns.map(({ name, dataType }) => ({ name, dataType }));
  const cut = cutFoot(foot, groups.from, groups.to);
  await using file = await open(path);
  for await (const piece of readCut(file, cut)) {
    limit.signal.throwIfAborted();
    yield piece;
  }
  const task = { kind: "statistics" as const, path, fileName, groups, rows, columns };
  const reply = await engine.run(task, limit);
  if (reply.kind !== "statistics") throw new Error("the engine answered something else");
  return { rowCount: cut.rowCount, columns: reply.columns };
}
