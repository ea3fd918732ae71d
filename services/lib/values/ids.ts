import { createHash, randomUUIDv7 } from "node:crypto";

/** A new id. They sort by the time they were made, so lists page by id. */
export const newId = (): string => randomUUIDv7();

const idPattern = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text is an id as we write them. */
export const isId = (text: string): boolean => idPattern.test(text);

/** Namespace of the ids that are made of names, as a UUID of version 5 wants one. */
const derivedNamespace = Buffer.from("6f1d5b0e2c5f4a39a7c1d0b94be3f2a8", "hex");

/** The same id for the same names: a UUID of version 5. */
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

/** The id, in lineage, of a table as a staging job wrote it. */
export const datasetIdOf = (jobId: string, schemaName: string, name: string): string =>
  derivedId("staged table", jobId, schemaName, name);
