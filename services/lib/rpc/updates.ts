import {
  clearField,
  clone,
  type DescField,
  type DescMessage,
  equals,
  isFieldSet,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { invalidField } from "./errors.ts";

/** What may be changed of one kind of resource. */
export type Updates<D extends DescMessage, Path extends string> = {
  /**
   * Names of the fields that an update changes: those of the mask, all writable ones for `*`, or, without a mask, the
   * writable ones that are set. Throws INVALID_ARGUMENT for other paths, and if there is nothing to change.
   */
  readonly fieldsOf: (given: MessageShape<D>, mask: FieldMask | undefined) => Path[];
  /**
   * Without a mask, refuses fields that are set, can't be changed and differ from the current ones: the whole resource
   * can be sent back with changes. With a mask, fields outside of it are ignored.
   */
  readonly refuseReadOnly: (
    given: MessageShape<D>,
    mask: FieldMask | undefined,
    current: MessageShape<D>,
  ) => void;
};

/** The mask's path for every writable field. */
const everything = "*";

export function updatesOf<D extends DescMessage, const Path extends string>(
  schema: D,
  { key, writable }: { readonly key: string | readonly string[]; readonly writable: readonly Path[] },
): Updates<D, Path> {
  const name = schema.name.replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase();
  const isWritable = (path: string): path is Path => (writable as readonly string[]).includes(path);
  const choices = `these can: ${writable.join(", ")}`;
  const readOnly = schema.fields.filter(
    (field) => !isWritable(field.name) && ![key, "etag"].flat().includes(field.name),
  );

  const pathOf = (path: string): Path => {
    if (isWritable(path)) return path;
    const isKnown = schema.fields.some((field) => field.name === path);
    const problem = isKnown ? "can't be changed" : `is no field of ${name}`;
    throw invalidField("update_mask", `${path} ${problem}; ${choices}`);
  };

  return {
    fieldsOf(given, mask) {
      if (hasPaths(mask)) {
        const [path, ...rest] = mask.paths;
        if (path === everything && rest.length === 0) return [...writable];
        return [...new Set(mask.paths.map(pathOf))];
      }
      const fields = schema.fields.filter((field) => isFieldSet(given, field)).map((field) => field.name);
      const changed = fields.filter(isWritable);
      if (changed.length > 0) return changed;
      const [refused] = readOnly.filter((field) => isFieldSet(given, field));
      if (refused) throw invalidField(`${name}.${refused.name}`, `can't be changed; ${choices}`);
      throw invalidField(name, `has nothing to change; ${choices}; update_mask sets a field to its default`);
    },
    refuseReadOnly(given, mask, current) {
      if (hasPaths(mask)) return;
      const different = readOnly.filter(
        (field) => isFieldSet(given, field) && !isSame(schema, field, given, current),
      );
      const [refused] = different;
      if (refused) throw invalidField(`${name}.${refused.name}`, `can't be changed; ${choices}`);
    },
  };
}

const hasPaths = (mask: FieldMask | undefined): mask is FieldMask =>
  mask !== undefined && mask.paths.length > 0;

function isSame<D extends DescMessage>(
  schema: D,
  field: DescField,
  one: MessageShape<D>,
  other: MessageShape<D>,
): boolean {
  const only = (message: MessageShape<D>) => {
    const copy = clone(schema, message);
    for (const each of schema.fields) if (each !== field) clearField(copy, each);
    return copy;
  };
  return equals(schema, only(one), only(other));
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
