import type { Engine } from "../engine/engine.ts";
import type { ColumnStats, GroupCut } from "../engine/protocol.ts";
import type { Limit } from "../timing/limit.ts";
import type { PreparedFile } from "./prepared-files.ts";
import { createSharedWork } from "./shared-work.ts";

/** Column statistics of the cuts of a prepared file. */
export type CutStatistics = {
  /** Statistics of one cut. The engine computes many cuts in one task. Fails with EngineFailure. */
  of(cut: GroupCut, limit: Limit): Promise<readonly ColumnStats[]>;
};

/** Columns of all cuts in one reply of the engine. Each column has two texts of up to 255 bytes. */
const columnsMax = 2_500;

/** Parquet footers have no statistics of lists and structs. Their rows are read, which takes long if there are many. */
const nested = /^(STRUCT|MAP|UNION)\(|\]$/;

type Batch = readonly (readonly ColumnStats[])[];

export function createCutStatistics(
  engine: Engine,
  { path, preparation }: PreparedFile,
  { fileName, cuts }: { readonly fileName: string; readonly cuts: readonly GroupCut[] },
): CutStatistics {
  const columns = preparation.columns.map(({ name, dataType }) => ({ name, dataType }));
  const isQuick = !columns.some(({ dataType }) => nested.test(dataType));
  const batchSize = isQuick ? Math.max(1, Math.floor(columnsMax / columns.length)) : 1;
  const shared = createSharedWork<{ batch: Batch }>();
  const batches = new Map<number, Batch>();

  async function read(batchIndex: number, limit: Limit): Promise<Batch> {
    const wanted = cuts.slice(batchIndex * batchSize, (batchIndex + 1) * batchSize);
    const task = { kind: "statistics" as const, path, fileName, cuts: wanted, columns };
    const reply = await engine.run(task, limit);
    if (reply.kind !== "statistics" || reply.cuts.length !== wanted.length) {
      throw new Error("the engine sent an unexpected reply");
    }
    batches.set(batchIndex, reply.cuts);
    return reply.cuts;
  }

  return {
    async of(cut, limit) {
      const index = cuts.indexOf(cut);
      if (index < 0) throw new Error("the plan has no such cut");
      const batchIndex = Math.floor(index / batchSize);
      const indexInBatch = index % batchSize;
      const known = batches.get(batchIndex);
      if (known) return known[indexInBatch] ?? [];
      using joined = await shared.join(String(batchIndex), limit.signal, async (signal) => ({
        batch: await read(batchIndex, { ...limit, signal }),
        [Symbol.dispose]() {},
      }));
      return joined.value.batch[indexInBatch] ?? [];
    },
  };
}
