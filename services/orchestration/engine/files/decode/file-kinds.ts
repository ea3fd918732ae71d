import type { compressions } from "../../reading-settings.ts";

export type Compression = (typeof compressions)[number];

/** Signatures of supported compressions, in hexadecimal. A non-empty bzip2 has a block signature after its header. */
const compressionSignatures: readonly (readonly [Compression, RegExp])[] = [
  ["gzip", /^1f8b08/],
  ["zstd", /^(28b52ffd|5[0-9a-f]2a4d18)/],
  ["bzip2", /^425a683[1-9](314159265359|177245385090)/],
  ["zip", /^504b(0304|0506)/],
];

/** Signatures of other binary files. */
const binarySignatures: readonly (readonly [string, RegExp])[] = [
  ["a Parquet file", /^50415231/],
  ["an encrypted Parquet file", /^50415245/],
  ["an xz archive", /^fd377a585a00/],
  ["an lz4 archive", /^04224d18/],
  ["a 7z archive", /^377abcaf271c/],
  ["a RAR archive", /^526172211a07/],
  ["an Arrow file", /^4152524f5731/],
  ["a Feather file", /^46454131/],
  ["an Avro file", /^4f626a01/],
  ["an SQLite database", /^53514c69746520666f726d6174203300/],
  ["an old or encrypted Excel workbook", /^d0cf11e0a1b11ae1/],
  ["a PDF", /^255044462d/],
];

const beginningBytes = 16;
const beginningOf = (bytes: Buffer): string =>
  bytes.toString("hex", 0, Math.min(beginningBytes, bytes.length));

/** The compression by the first bytes. */
export const compressionOf = (bytes: Buffer): Compression =>
  compressionSignatures.find(([, pattern]) => pattern.test(beginningOf(bytes)))?.[0] ?? "none";

/** Display name of a known binary format. */
export const binaryKindOf = (bytes: Buffer): string | undefined =>
  binarySignatures.find(([, pattern]) => pattern.test(beginningOf(bytes)))?.[0];
