import { Code, ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { BlobHead, BlobService, GetBlobResponse } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import { contentCorrupt, sourceDataInvalid } from "../errors.ts";
import { beforeAbort } from "../timing/before-abort.ts";
import type { BlobFolder } from "./blob-folder.ts";
import type { StorageFolder } from "./storage-folder.ts";
import { writeBlob } from "./write-blob.ts";

export type BorrowedBlob = Disposable & {
  readonly name: string;
  readonly sha256: string;
  /** Absolute path of the bytes; they stay until the blob is disposed. */
  readonly path: string;
};

export type BlobCache = {
  /** What storage knows of a file of the caller's organisation. */
  head(fileId: string, signal: AbortSignal): Promise<BlobHead>;
  /** The file's bytes, fetched from storage unless they are here. Storage is asked each time whether the caller may. */
  borrow(fileId: string, signal: AbortSignal): Promise<BorrowedBlob>;
};

/** Files whose hash is remembered. */
const hashesMax = 10_000;

/**
 * Files of the storage service, kept in a folder of ours. A file that is not there is FailedPrecondition. From `shared`,
 * storage's own folder, they are copied; without it they come through the mesh.
 */
export function createBlobCache(
  client: MeshClient<typeof BlobService>,
  folder: BlobFolder,
  shared: StorageFolder | undefined,
): BlobCache {
  const fetches = new Map<string, Promise<string>>();
  // What storage said last of a file: then its head is enough.
  const hashes = new LRUCache<string, string>({ max: hashesMax });

  async function lend(head: BlobHead, parts: Parts, signal: AbortSignal): Promise<string> {
    for (;;) {
      const path = await folder.take(head);
      if (path) return path;
      const running = fetches.get(head.sha256);
      if (!running) return fetch(head, parts, signal);
      // Callers that want the same bytes wait for one of them. When it is cancelled, the next one's turn comes.
      await beforeAbort(
        running.catch(() => {}),
        signal,
      );
    }
  }

  function fetch(head: BlobHead, parts: Parts, signal: AbortSignal): Promise<string> {
    const fetching = folder
      .store(head, (path) => fill({ path, head, parts, shared, signal }))
      .finally(() => fetches.delete(head.sha256));
    fetches.set(head.sha256, fetching);
    return fetching;
  }

  /** Undefined when storage sent the head alone, and the bytes are not here any more. */
  function tryBorrow(file: BlobRequest, signal: AbortSignal): Promise<BorrowedBlob | undefined> {
    return withBlob(client, file, signal, async (head, parts) => {
      const { name, sha256 } = head;
      const path = await (sha256 === file.heldSha256 ? folder.take(head) : lend(head, parts, signal));
      if (path === undefined) return undefined;
      hashes.set(file.fileId, sha256);
      return { name, sha256, path, [Symbol.dispose]: () => folder.giveBack(sha256) };
    });
  }

  async function borrowWhole(fileId: string, signal: AbortSignal): Promise<BorrowedBlob | undefined> {
    const folderId = await shared?.findId();
    try {
      return await tryBorrow({ fileId, ...(folderId !== undefined && { folderId }) }, signal);
    } catch (error) {
      if (!(error instanceof BlobMoved)) throw error;
      return tryBorrow({ fileId }, signal);
    }
  }

  return {
    head: (fileId, signal) => withBlob(client, { fileId }, signal, async (head) => head),
    async borrow(fileId, signal) {
      const heldSha256 = hashes.get(fileId);
      const held = heldSha256 === undefined ? undefined : await tryBorrow({ fileId, heldSha256 }, signal);
      const borrowed = held ?? (await borrowWhole(fileId, signal));
      if (!borrowed) throw contentCorrupt();
      return borrowed;
    },
  };
}

type BlobRequest = {
  readonly fileId: string;
  /** What is here of it: then storage sends the head alone, unless it has other bytes. */
  readonly heldSha256?: string;
  /** The folder of storage's that this process can read. */
  readonly folderId?: string;
};

type Parts = AsyncIterator<GetBlobResponse>;

/** Storage has another file there than the one that it verified, as after an upload that replaced a damaged one. */
class BlobMoved extends Error {}

type Filling = {
  readonly path: string;
  readonly head: BlobHead;
  readonly parts: Parts;
  readonly shared: StorageFolder | undefined;
  readonly signal: AbortSignal;
};

/** Writes the bytes of a file, or a copy of where they lie, to a new file. */
async function fill({ path, head, parts, shared, signal }: Filling): Promise<void> {
  const first = await parts.next();
  if (first.done || first.value.part.case !== "file") {
    return writeBlob(path, head, chunksOf(first, parts));
  }
  if (!shared) throw contentCorrupt();
  if (!(await shared.copy(first.value.part.value, path, signal))) throw new BlobMoved();
}

/** Opens a file's stream, reads its head, and ends the stream when `use` has what it needs. */
async function withBlob<T>(
  client: MeshClient<typeof BlobService>,
  file: BlobRequest,
  signal: AbortSignal,
  use: (head: BlobHead, parts: Parts) => Promise<T>,
): Promise<T> {
  const enough = new AbortController();
  const { folderId, ...request } = file;
  const headers = folderId === undefined ? {} : { [sharedFolderHeader]: folderId };
  const messages = client.getBlob(request, { signal: AbortSignal.any([signal, enough.signal]), headers });
  const parts = messages[Symbol.asyncIterator]();
  let isWhole = false;
  try {
    const first = await parts.next();
    if (first.done || first.value.part.case !== "head") throw contentCorrupt();
    const head = first.value.part.value;
    isWhole = head.sha256 === file.heldSha256;
    return await use(head, parts);
  } catch (error) {
    signal.throwIfAborted();
    throw isNotFound(error) ? sourceDataInvalid(`the file ${file.fileId} does not exist`) : error;
  } finally {
    if (!isWhole) enough.abort();
    // The client lets go of a stream, and of the timer of its deadline, when it is asked for what comes next.
    void parts.next().catch(() => {});
  }
}

const isNotFound = (error: unknown): boolean => error instanceof ConnectError && error.code === Code.NotFound;

async function* chunksOf(first: IteratorResult<GetBlobResponse>, parts: Parts): AsyncIterable<Uint8Array> {
  for (let next = first; !next.done; next = await parts.next()) {
    if (next.value.part.case !== "chunk") throw contentCorrupt();
    yield next.value.part.value;
  }
}
