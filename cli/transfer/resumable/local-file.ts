import { createHash } from "node:crypto";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { CommandError } from "../../failures/command-error.ts";

const chunkBytes = 256 * 1024;

/** A file that is being uploaded. It stays open, so that another file of its name can't take its place. */
export type LocalFile = AsyncDisposable & {
  /** Absolute, without links. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Time of the last change in nanoseconds. */
  readonly modified: string;
  /** The bytes from an offset on, up to the size that the file had when it was opened. Each chunk is a buffer of its own. */
  read(startBytes: number): AsyncGenerator<Buffer, void>;
  hasChanged(): Promise<boolean>;
};

export async function openLocalFile(path: string): Promise<LocalFile> {
  const handle = await open(path);
  try {
    const { sizeBytes, modified } = await describe(handle);
    const isSame = (now: { sizeBytes: number; modified: string }) =>
      now.sizeBytes === sizeBytes && now.modified === modified;
    return {
      path: await realpath(path),
      sizeBytes,
      modified,
      read: (startBytes) => readChunks(handle, startBytes, sizeBytes),
      hasChanged: async () => !isSame(await describe(handle)),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function describe(handle: FileHandle): Promise<{ sizeBytes: number; modified: string }> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  return { sizeBytes: Number(size), modified: String(mtimeNs) };
}

async function* readChunks(
  handle: FileHandle,
  startBytes: number,
  endBytes: number,
): AsyncGenerator<Buffer, void> {
  let at = startBytes;
  while (at < endBytes) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, endBytes - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** SHA-256 of a file's bytes from its beginning on, each of which is hashed once, however often it is sent. */
export type PrefixHash = {
  /** Number of bytes that are hashed. */
  readonly bytes: number;
  /** Adds a chunk at an offset, as far as its bytes are not hashed yet. */
  add(chunk: Buffer, startBytes: number): void;
  /** Reads the file up to an offset. */
  advanceTo(endBytes: number, signal: AbortSignal): Promise<void>;
  /** The hash of the bytes so far. */
  digest(): string;
};

export function createPrefixHash(file: Pick<LocalFile, "read">): PrefixHash {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(chunk, startBytes) {
      const knownBytes = bytes - startBytes;
      if (knownBytes < 0) throw new RangeError(`the hash is at ${bytes}, before ${startBytes}`);
      if (knownBytes >= chunk.length) return;
      hash.update(chunk.subarray(knownBytes));
      bytes = startBytes + chunk.length;
    },
    async advanceTo(endBytes, signal) {
      if (bytes >= endBytes) return;
      for await (const chunk of file.read(bytes)) {
        signal.throwIfAborted();
        const part = chunk.subarray(0, endBytes - bytes);
        hash.update(part);
        bytes += part.length;
        if (bytes === endBytes) return;
      }
      throw new CommandError("the file is shorter than it was when it was opened");
    },
    digest: () => hash.copy().digest("hex"),
  };
}
