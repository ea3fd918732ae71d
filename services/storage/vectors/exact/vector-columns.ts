import { compareCodePoints } from "../compare-code-points.ts";
import { filterRows } from "../filter/filter-rows.ts";
import { createMetadataColumns } from "../filter/metadata-columns.ts";
import type { MetadataFilter } from "../filter/metadata-filter.ts";
import { compareNear, type Metric, type Near, nearnessOf, normalized } from "../nearness.ts";
import { blockRows, createKernel } from "./kernel.ts";
import { createTop } from "./top.ts";

export type Shape = { readonly dimension: number; readonly metric: Metric };

/** Vectors in parts that a thread can take over. */
export type VectorBatch = {
  readonly ids: readonly string[];
  /** JSON texts. */
  readonly metadata: readonly string[];
  /** float32, one vector after the other. */
  readonly values: Float32Array;
};

export type Query = {
  readonly values: Float32Array;
  readonly k: number;
  readonly filter: MetadataFilter | undefined;
};

/** The vectors of a collection in memory. */
export type VectorColumns = {
  remove(ids: readonly string[]): void;
  upsert(batch: VectorBatch): void;
  search(query: Query): Near[];
  /** Estimate of the memory, in bytes. */
  bytes(): number;
};

/** Rows beyond `k` that are compared in doubles: float32 can put nearly equal ones in another order. */
const spareRows = 32;

export function createVectorColumns({ dimension, metric }: Shape): VectorColumns {
  const kernel = createKernel(dimension, metric === "l2" ? "distances" : "dots");
  const metadata = createMetadataColumns();
  const ids: string[] = [];
  const rowOf = new Map<string, number>();
  let idBytes = 0;
  const prepared = (values: Float32Array) => (metric === "cosine" ? normalized(values) : values);

  function removeOne(id: string): void {
    const row = rowOf.get(id);
    if (row === undefined) return;
    const last = ids.length - 1;
    const lastId = ids[last] ?? "";
    kernel.row(row).set(kernel.row(last));
    metadata.replaceByLast(row);
    ids[row] = lastId;
    rowOf.set(lastId, row);
    ids.length = last;
    rowOf.delete(id);
    idBytes -= id.length;
  }

  function addRow(id: string): number {
    const row = ids.push(id) - 1;
    rowOf.set(id, row);
    idBytes += id.length;
    return row;
  }

  return {
    remove(removed) {
      for (const id of removed) removeOne(id);
    },
    upsert({ ids: given, metadata: texts, values }) {
      kernel.reserve(ids.length + given.length);
      for (const [index, id] of given.entries()) {
        const row = rowOf.get(id) ?? addRow(id);
        kernel.row(row).set(prepared(values.subarray(index * dimension, (index + 1) * dimension)));
        metadata.set(row, texts[index] ?? "{}");
      }
    },
    search({ values, k, filter }) {
      const query = prepared(values);
      kernel.setQuery(query);
      const idOf = (row: number) => ids[row] ?? "";
      const top = createTop(k + spareRows, (row, other) => compareCodePoints(idOf(row), idOf(other)) < 0);
      for (const rows of blocksOf(ids.length, filter && filterRows(metadata, filter))) {
        const scores = kernel.score(rows);
        for (let index = 0; index < rows.length; index += 1) top.add(rows[index] ?? 0, scores[index] ?? 0);
      }
      const found = top.rows().map((row) => ({
        vectorId: idOf(row),
        nearness: nearnessOf(metric, query, kernel.row(row)),
      }));
      return found.sort(compareNear).slice(0, k);
    },
    bytes: () => kernel.bytes() + metadata.bytes() + idBytes + 120 * ids.length,
  };
}

/** Numbers of the rows that are marked, or of all without marks, in blocks for the kernel. */
function* blocksOf(rowCount: number, marks: Uint8Array | undefined): Generator<Uint32Array> {
  const block = new Uint32Array(blockRows);
  let filled = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (marks && marks[row] !== 1) continue;
    block[filled] = row;
    filled += 1;
    if (filled < blockRows) continue;
    yield block;
    filled = 0;
  }
  if (filled > 0) yield block.subarray(0, filled);
}
