import { createHash } from "node:crypto";

/** A file of a version, as its manifest lists it. */
export type ManifestFile = { readonly path: string; readonly sha256: string; readonly sizeBytes: number };

/** In the order of the bytes of their paths. */
export const sortFiles = <File extends Pick<ManifestFile, "path">>(files: readonly File[]): File[] =>
  files.toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));

/** SHA-256 of the manifest, whose form the contract states. */
export function manifestHash(files: readonly ManifestFile[]): string {
  const hash = createHash("sha256");
  for (const { path, sha256, sizeBytes } of sortFiles(files))
    hash.update(`${path}\t${sha256}\t${sizeBytes}\n`);
  return hash.digest("hex");
}
