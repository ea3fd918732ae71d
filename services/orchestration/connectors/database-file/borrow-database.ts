import type { BlobCache } from "../../blobs/blob-cache.ts";
import type { FolderCopies } from "./copy-from-folder.ts";
import type { FileLocation } from "./settings.ts";

/** The bytes of a database, which do not change until disposed. */
export type BorrowedDatabase = Disposable & {
  readonly path: string;
  readonly sha256: string;
  /** Name of the file, for messages. */
  readonly name: string;
  /** Files beside it, by the ending of their names. A stored file has none. */
  readonly beside: ReadonlyMap<string, string>;
};

export type DatabaseFileDeps = { readonly blobs: BlobCache; readonly folderCopies: FolderCopies };

/** Borrows the file of a database. FailedPrecondition (SOURCE_DATA_INVALID, SOURCE_PATH_REFUSED). */
export async function borrowDatabase(
  { blobs, folderCopies }: DatabaseFileDeps,
  location: FileLocation,
  endings: readonly string[],
  signal: AbortSignal,
): Promise<BorrowedDatabase> {
  if (location.kind === "stored") {
    const blob = await blobs.borrow(location.fileId, signal);
    const { path, sha256, name } = blob;
    return { path, sha256, name, beside: new Map(), [Symbol.dispose]: () => blob[Symbol.dispose]() };
  }
  const copy = await folderCopies.copy(location, endings, signal);
  const { path, sha256, beside } = copy;
  return { path, sha256, name: location.path, beside, [Symbol.dispose]: () => copy[Symbol.dispose]() };
}
