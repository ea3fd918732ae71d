import { type DescMessage, isFieldSet, type MessageShape } from "@bufbuild/protobuf";
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { invalidField } from "./errors.ts";

/**
 * Names of the fields that an update changes: those of the mask, or, without one, those of `writable` that are set.
 */
export function fieldsToUpdate<D extends DescMessage, const Path extends string>(
  schema: D,
  message: MessageShape<D>,
  mask: FieldMask | undefined,
  writable: readonly Path[],
): Path[] {
  const isWritable = (path: string): path is Path => (writable as readonly string[]).includes(path);
  if (!mask || mask.paths.length === 0) {
    return schema.fields
      .filter((field) => isFieldSet(message, field))
      .map(({ name }) => name)
      .filter(isWritable);
  }
  return mask.paths.map((path) => {
    if (isWritable(path)) return path;
    throw invalidField("update_mask", `${path} can't be changed; these can: ${writable.join(", ")}`);
  });
}

/** Revision of an etag: undefined without an etag; a revision that no row has for a malformed one. */
export function revisionOf(etag: string): number | undefined {
  if (etag === "") return undefined;
  const digits = /^"?(\d{1,9})"?$/.exec(etag)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

/** Requires a value that is neither unset nor empty. `path` uses the contract's names. */
export function required<T>(value: T | undefined, path: string): T {
  const empty = value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  if (empty) throw invalidField(path, "is required");
  return value;
}
