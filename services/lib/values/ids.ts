import { createHash, randomUUIDv7 } from "node:crypto";

/** UUID version 7: sorts by creation time, so lists page by id. */
export const newId = (): string => randomUUIDv7();

const idPattern = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text is a lower-case UUID. */
export const isId = (text: string): boolean => idPattern.test(text);

/** Namespace of name-based ids (UUID version 5). */
const derivedNamespace = Buffer.from("6f1d5b0e2c5f4a39a7c1d0b94be3f2a8", "hex");

/** Name-based id (UUID version 5): equal names give equal ids. */
export function derivedId(...names: readonly string[]): string {
  const bytes = createHash("sha1")
    .update(derivedNamespace)
    .update(JSON.stringify(names))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Lineage id of a table written by a staging job. */
export const datasetIdOf = (jobId: string, schemaName: string, name: string): string =>
  derivedId("staged table", jobId, schemaName, name);
