import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Vector } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { CollectionRow } from "./collection-repository.ts";
import { vectorInvalid } from "./vector-errors.ts";
import { metadataBytesMax, metadataDepthMax, valueMax } from "./vector-limits.ts";
import type { NewVector } from "./vector-repository.ts";

type Shape = Pick<CollectionRow, "dimension" | "metric">;

/** The vectors of a message, as they are stored. Throws INVALID_ARGUMENT (VECTOR_INVALID), naming the vector. */
export function checkVectors(shape: Shape, vectors: readonly Vector[]): NewVector[] {
  const seen = new Set<string>();
  return vectors.map((vector, index) => {
    const { vectorId } = vector;
    const field = `vectors[${index}]`;
    if (seen.has(vectorId)) {
      throw vectorInvalid(`${field}.vector_id`, "occurs twice in the message", { vector: vectorId });
    }
    seen.add(vectorId);
    return {
      vectorId,
      values: checkValues(shape, vector.values, `${field}.values`, vectorId),
      metadataJson: checkMetadata(vector.metadata ?? {}, `${field}.metadata`, vectorId),
    };
  });
}

/** Values of a vector of the collection. `vectorId` is empty for a query. */
export function checkValues(
  { dimension, metric }: Shape,
  given: readonly number[],
  field: string,
  vectorId = "",
): Float32Array {
  const named: Record<string, string> = vectorId === "" ? {} : { vector: vectorId };
  if (given.length !== dimension) {
    const problem = `has ${given.length} values, where the collection has the dimension ${dimension}`;
    throw vectorInvalid(field, problem, named);
  }
  const values = Float32Array.from(given);
  const bad = values.findIndex((value) => !(Math.abs(value) <= valueMax));
  if (bad >= 0) {
    const problem = `is ${values[bad]}, where values are finite and at most ${valueMax} in amount`;
    throw vectorInvalid(`${field}[${bad}]`, problem, { ...named, index: String(bad) });
  }
  if (metric === "cosine" && values.every((value) => value === 0)) {
    throw vectorInvalid(field, "are all zero, which has no direction, and so no cosine", named);
  }
  return values;
}

function checkMetadata(metadata: JsonObject, field: string, vectorId: string): string {
  const problem = problemOf(metadata, 0);
  if (problem !== undefined) throw vectorInvalid(field, problem, { vector: vectorId });
  const json = JSON.stringify(metadata);
  if (Buffer.byteLength(json) <= metadataBytesMax) return json;
  throw vectorInvalid(field, `is larger than ${metadataBytesMax} bytes as JSON`, { vector: vectorId });
}

/** What is wrong with a value, if anything. PostgreSQL's JSON has no NUL and no half of a surrogate pair. */
function problemOf(value: JsonValue, depth: number): string | undefined {
  if (depth > metadataDepthMax) return `is more than ${metadataDepthMax} levels deep`;
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : "has a number that is not finite";
  if (typeof value === "string") return isStorable(value) ? undefined : "has a text with a NUL";
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return firstProblem(value, depth);
  return Object.keys(value).every(isStorable)
    ? firstProblem(Object.values(value), depth)
    : "has a key with a NUL";
}

function firstProblem(values: readonly JsonValue[], depth: number): string | undefined {
  for (const value of values) {
    const problem = problemOf(value, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();
