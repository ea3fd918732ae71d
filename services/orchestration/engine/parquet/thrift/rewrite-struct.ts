import { encodeFieldHeader, wireTypes } from "./encode.ts";
import { type Cursor, readStruct, skip } from "./read-struct.ts";

/** Reads the value of a field and returns the bytes of its replacement; undefined drops the field. */
export type Rewrite = (cursor: Cursor, type: number) => Buffer | undefined;

/** Copies a struct with some fields replaced. All others, known or not, are kept byte for byte. */
export function rewriteStruct(cursor: Cursor, rewrites: Readonly<Record<number, Rewrite>>): Buffer {
  const parts: Buffer[] = [];
  let writtenId = 0;
  readStruct(cursor, (field) => {
    const start = cursor.offset;
    const rewrite = rewrites[field.id];
    if (!rewrite) skip(cursor, field.type);
    const value = rewrite ? rewrite(cursor, field.type) : cursor.bytes.subarray(start, cursor.offset);
    if (value === undefined) return true;
    parts.push(encodeFieldHeader(field, writtenId), value);
    writtenId = field.id;
    return true;
  });
  parts.push(Buffer.from([wireTypes.stop]));
  return Buffer.concat(parts);
}

export const drop: Rewrite = (cursor, type) => {
  skip(cursor, type);
  return undefined;
};
