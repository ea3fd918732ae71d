import { constants, type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LentFile } from "../../../gen/sluice/common/v1/lent_files_pb.ts";
import { lentFileName, sharedFolderIdFile } from "../../lib/content/shared-folder.ts";

/** Files that another service lends in a folder that this process can read. */
export type LentFiles = {
  /** Opens a lent file; undefined if it is missing or in a folder that this process cannot read. */
  open(file: LentFile): Promise<OpenLentFile | undefined>;
};

export type OpenLentFile = AsyncDisposable & {
  /** All bytes, unverified. */
  read(): AsyncGenerator<Uint8Array>;
};

const chunkBytes = 1024 * 1024;

/** Without a folder, no file can be opened. */
export function openLentFiles(directory: string | undefined): LentFiles {
  return {
    async open(file) {
      if (directory === undefined) return undefined;
      const id = await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
      if (id !== file.folderId) return undefined;
      const path = join(directory, lentFileName(file));
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
      return handle && openFile(handle, file);
    },
  };
}

async function openFile(handle: FileHandle, { sizeBytes }: LentFile): Promise<OpenLentFile | undefined> {
  await using stack = new AsyncDisposableStack();
  stack.defer(() => handle.close());
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size !== Number(sizeBytes)) return undefined;
  const held = stack.move();
  return { read: () => readChunks(handle), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Reads one chunk ahead of the consumer. */
async function* readChunks(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const readNext = (position: number) => {
    const reading = handle.read(Buffer.allocUnsafeSlow(chunkBytes), 0, chunkBytes, position);
    // The consumer may stop before it awaits this read.
    reading.catch(() => {});
    return reading;
  };
  let position = 0;
  let next = readNext(position);
  try {
    for (;;) {
      const { buffer, bytesRead } = await next;
      if (bytesRead === 0) return;
      position += bytesRead;
      next = readNext(position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    // The file may be closed after this.
    await next.catch(() => {});
  }
}
