import { open } from "node:fs/promises";
import type { ParquetFooter } from "../engine/parquet/footer.ts";
import type { Extraction, GroupCut } from "../engine/protocol.ts";
import { snapshotGone } from "../errors.ts";
import type { Limit } from "../timing/limit.ts";
import type { CutStatistics } from "./cut-statistics.ts";
import { cutFooter } from "./parquet-footer/cut-footer.ts";
import { readCut } from "./parquet-footer/read-cut.ts";
import type { PreparedFile } from "./prepared-files.ts";

export type RowGroupRange = {
  readonly footer: ParquetFooter;
  readonly cut: GroupCut;
  readonly statistics: CutStatistics;
};

/**
 * Streams row groups of a prepared file as a Parquet file, without encoding them again. Returns their row count and statistics.
 * FailedPrecondition (SNAPSHOT_GONE) if the file is damaged: the next plan prepares it again.
 */
export async function* streamRowGroups(
  prepared: PreparedFile,
  { footer, cut, statistics }: RowGroupRange,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  if (!(await prepared.isWhole())) throw snapshotGone();
  const wanted = cutFooter(footer, cut.groups.from, cut.groups.to);
  await using file = await open(prepared.path);
  for await (const chunk of readCut(file, wanted)) {
    limit.signal.throwIfAborted();
    yield chunk;
  }
  return { rowCount: wanted.rowCount, columns: await statistics.of(cut, limit) };
}
