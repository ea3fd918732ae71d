import { constants, copyFile, type FileHandle, lstat, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlobFile } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { Span } from "../../lib/content/byte-range.ts";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { openStream, segmentsOf } from "../../lib/content/sealed-content.ts";
import { sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import { copyInChunks } from "./copy-in-chunks.ts";

/** Size of a read, in bytes. */
const readBytes = 1024 * 1024;

const pathForm = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;

/** Storage's folder, if this process can read it: then large files do not pass through the mesh. */
export type StorageFolder = {
  /** Id of the folder; undefined if it is missing. */
  findId(): Promise<string | undefined>;
  /**
   * Copies a file that storage has verified, without hashing it again. Returns false if the file changed before the copy was
   * complete: then the copy is useless. Throws the signal's reason on abort.
   */
  copy(file: BlobFile, to: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Reads a file that is encrypted with its `dataKey`. Ends early if the file is gone or has changed. Throws SealBroken, and
   * the signal's reason on abort.
   */
  decrypt(file: BlobFile, sizeBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void>;
};

/** Undefined without a folder: then every file is streamed through the mesh. */
export function openStorageFolder(directory: string | undefined): StorageFolder | undefined {
  if (directory === undefined) return undefined;
  let id: string | undefined;
  return {
    async findId() {
      id ??= await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
      return id;
    },
    async copy({ path, fingerprint }, to, signal) {
      const from = pathIn(directory, path);
      if ((await fingerprintOf(from)) !== fingerprint) return false;
      await copy(from, to, signal).catch(unlessMissing);
      return (await fingerprintOf(from)) === fingerprint;
    },
    async *decrypt({ path, fingerprint, dataKey }, sizeBytes, signal) {
      const handle = await openUnlessMissing(pathIn(directory, path));
      if (!handle) return;
      await using source = handle;
      if (fileFingerprint(await source.stat({ bigint: true })) !== fingerprint) return;
      const whole = { start: 0, end: sizeBytes };
      const { sealed } = segmentsOf(whole, sizeBytes);
      yield* openStream({ dataKey, sizeBytes }, whole, readSpan(source, sealed, signal));
    },
  };
}

/** Reads a span of a file chunk by chunk. It ends early where the file ends. Throws the signal's reason on abort. */
async function* readSpan(
  handle: FileHandle,
  { start, end }: Span,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  for (let position = start; position < end; ) {
    signal.throwIfAborted();
    const lengthBytes = Math.min(readBytes, end - position);
    const { buffer, bytesRead } = await handle.read(
      Buffer.allocUnsafeSlow(lengthBytes),
      0,
      lengthBytes,
      position,
    );
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function pathIn(directory: string, path: string): string {
  if (!pathForm.test(path)) throw new Error(`${path} is not a path in a shared folder`);
  return join(directory, path);
}

const openUnlessMissing = (path: string): Promise<FileHandle | undefined> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error) => {
    unlessMissing(error);
    return undefined;
  });

/** Clones the blocks where the file system can, which takes neither time nor space. */
const copy = (from: string, to: string, signal: AbortSignal): Promise<void> =>
  copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE).catch((error) => {
    if (error.code === "ENOENT") throw error;
    return copyInChunks(from, to, signal);
  });

/** Does not follow symbolic links. Undefined if there is no file. */
const fingerprintOf = (path: string): Promise<string | undefined> =>
  lstat(path, { bigint: true }).then(fileFingerprint, () => undefined);

/** Storage may delete a file at any time. */
function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
