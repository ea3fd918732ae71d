import type { Db } from "../../../lib/database/database.ts";
import type { CollectionRow } from "../collection-repository.ts";
import { readAllVectors, type StoredVector, valuesOf } from "../vector-repository.ts";

/** Values that are read at a time, in bytes. As text they are about five times as large. */
const batchBytes = 512 * 1024;

/** The collection as NDJSON, in chunks below a mebibyte where vectors are small. Runs in the caller's snapshot. */
export async function* writeSnapshot(
  tx: Db,
  collection: CollectionRow,
  onVectors: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const rows of readAllVectors(tx, collection, batchBytes)) {
    onVectors(rows.length);
    for (let at = 0; at < rows.length; at += linesPerChunk) {
      yield Buffer.from(
        rows
          .slice(at, at + linesPerChunk)
          .map(lineOf)
          .join(""),
      );
    }
  }
}

const linesPerChunk = 64;

/** A float32 in the notation of the double of the same value, which reads back as it was. */
const lineOf = ({ vectorId, values, metadataJson }: StoredVector): string =>
  `{"vectorId":${JSON.stringify(vectorId)},"values":[${valuesOf(values).join(",")}],"metadata":${metadataJson}}\n`;
