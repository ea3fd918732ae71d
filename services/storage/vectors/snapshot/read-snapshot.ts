import { fromJsonString } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { VectorSchema } from "../../../../gen/sluice/storage/v1/vectors_pb.ts";
import { validate } from "../../../lib/rpc/guard.ts";
import { checkVectors } from "../check-vector.ts";
import type { CollectionRow } from "../collection-repository.ts";
import { snapshotInvalid } from "../vector-errors.ts";
import type { NewVector } from "../vector-repository.ts";

/** Longest line, in bytes: 16,000 values and the metadata fit. */
const lineBytesMax = 2 * 1024 * 1024;
/** Vectors and bytes of a batch. */
const batchVectorsMax = 1000;
const batchBytesMax = 4 * 1024 * 1024;

/** The vectors of a file, in batches. Throws INVALID_ARGUMENT (VECTOR_SNAPSHOT_INVALID), naming the line. */
export async function* readSnapshot(
  shape: Pick<CollectionRow, "dimension" | "metric">,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ vectors: NewVector[]; lastLine: number }> {
  let batch: NewVector[] = [];
  let lastLine = 0;
  for await (const { text, line } of linesOf(chunks)) {
    lastLine = line;
    if (text.trim() !== "") batch.push(vectorOf(shape, text, line));
    if (batch.length < batchVectorsMax && batch.length * shape.dimension * 4 < batchBytesMax) continue;
    yield { vectors: batch, lastLine };
    batch = [];
  }
  if (batch.length > 0) yield { vectors: batch, lastLine };
}

function vectorOf(shape: Pick<CollectionRow, "dimension" | "metric">, text: string, line: number): NewVector {
  try {
    const vector = fromJsonString(VectorSchema, text);
    validate(VectorSchema, vector);
    const [checked] = checkVectors(shape, [vector]);
    if (checked) return checked;
  } catch (error) {
    if (error instanceof ConnectError) throw snapshotInvalid(line, error.rawMessage);
  }
  throw snapshotInvalid(line, "is not a vector as JSON, with vectorId, values and metadata");
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ text: string; line: number }> {
  let line = 1;
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  const keep = (bytes: Uint8Array) => {
    rest.push(bytes);
    restBytes += bytes.length;
    if (restBytes > lineBytesMax) throw snapshotInvalid(line, `is longer than ${lineBytesMax} bytes`);
  };
  const take = (): string => {
    const text = Buffer.concat(rest).toString();
    rest = [];
    restBytes = 0;
    return text;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, end));
      yield { text: take(), line };
      line += 1;
      from = end + 1;
    }
    // A copy: the chunk's memory may be used again.
    keep(Uint8Array.from(chunk.subarray(from)));
  }
  if (restBytes > 0) yield { text: take(), line };
}
