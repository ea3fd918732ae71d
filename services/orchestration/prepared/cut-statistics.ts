import type { Engine } from "../engine/engine.ts";
import type { ColumnStats, GroupCut } from "../engine/protocol.ts";
import type { Limit } from "../timing/limit.ts";
import type { PreparedFile } from "./prepared-files.ts";
import { createSharedWork } from "./shared-work.ts";

/** What is known of the columns in cuts of a prepared file. */
export type CutStatistics = {
  /** Of one of the cuts. A process is asked for many of them at once. Fails with EngineFailure. */
  of(cut: GroupCut, limit: Limit): Promise<readonly ColumnStats[]>;
};

/** What one answer of a process has at most: columns of all its cuts, each with two texts of 255 bytes. */
const columnsMax = 2_500;

/** Of lists and structs nothing stands in the foot: their rows are read, which takes long where they are many. */
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

  async function read(number: number, limit: Limit): Promise<Batch> {
    const wanted = cuts.slice(number * batchSize, (number + 1) * batchSize);
    const task = { kind: "statistics" as const, path, fileName, cuts: wanted, columns };
    const reply = await engine.run(task, limit);
    if (reply.kind !== "statistics" || reply.cuts.length !== wanted.length) {
      throw new Error("the engine answered something else");
    }
    batches.set(number, reply.cuts);
    return reply.cuts;
  }

  return {
    async of(cut, limit) {
      const index = cuts.indexOf(cut);
      if (index < 0) throw new Error("the plan has no such cut");
      const number = Math.floor(index / batchSize);
      const place = index % batchSize;
      const known = batches.get(number);
      if (known) return known[place] ?? [];
      using joined = await shared.join(String(number), limit.signal, async (signal) => ({
        batch: await read(number, { ...limit, signal }),
        [Symbol.dispose]() {},
      }));
      return joined.value.batch[place] ?? [];
    },
  };
}
