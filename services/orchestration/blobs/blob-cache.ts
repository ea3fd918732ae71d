import { Code, ConnectError } from "@connectrpc/connect";
import type { BlobHead, BlobService, GetBlobResponse } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { MeshClient } from "../../lib/mesh-client.ts";
import { sharedFolderHeader } from "../../lib/shared-folder.ts";
import { contentCorrupt, sourceDataInvalid } from "../errors.ts";
import { beforeAbort } from "../executions/before-abort.ts";
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

  async function lend(head: BlobHead, parts: Parts, signal: AbortSignal): Promise<string> {
    for (;;) {
      const path = await folder.take(head);
      if (path) return path;
      const running = fetches.get(head.sha256);
      if (!running) return fetch(head, parts);
      // Callers that want the same bytes wait for one of them. When it is cancelled, the next one's turn comes.
      await beforeAbort(
        running.catch(() => {}),
        signal,
      );
    }
  }

  function fetch(head: BlobHead, parts: Parts): Promise<string> {
    const fetching = folder
      .store(head, (path) => fill(path, head, parts, shared))
      .finally(() => fetches.delete(head.sha256));
    fetches.set(head.sha256, fetching);
    return fetching;
  }

  const borrow = (fileId: string, folderId: string | undefined, signal: AbortSignal): Promise<BorrowedBlob> =>
    withBlob(client, { fileId, folderId, signal }, async (head, parts) => {
      const path = await lend(head, parts, signal);
      const { name, sha256 } = head;
      return { name, sha256, path, [Symbol.dispose]: () => folder.giveBack(sha256) };
    });

  return {
    head: (fileId, signal) => withBlob(client, { fileId, folderId: undefined, signal }, async (head) => head),
    async borrow(fileId, signal) {
      const folderId = await shared?.findId();
      try {
        return await borrow(fileId, folderId, signal);
      } catch (error) {
        if (!(error instanceof BlobMoved)) throw error;
        return borrow(fileId, undefined, signal);
      }
    },
  };
}

type Parts = AsyncIterator<GetBlobResponse>;

/** Storage has another file there than the one that it verified, as after an upload that replaced a damaged one. */
class BlobMoved extends Error {}

/** Writes the bytes of a file, or a copy of where they lie, to a new file. */
async function fill(
  path: string,
  head: BlobHead,
  parts: Parts,
  shared: StorageFolder | undefined,
): Promise<void> {
  const first = await parts.next();
  if (first.done || first.value.part.case !== "file") {
    return writeBlob(path, head, chunksOf(first, parts));
  }
  if (!shared) throw contentCorrupt();
  if (!(await shared.copy(first.value.part.value, path))) throw new BlobMoved();
}

type BlobRequest = {
  readonly fileId: string;
  /** The folder of storage's that this process can read. */
  readonly folderId: string | undefined;
  readonly signal: AbortSignal;
};

/** Opens a file's stream, reads its head, and ends the stream when `use` has what it needs. */
async function withBlob<T>(
  client: MeshClient<typeof BlobService>,
  { fileId, folderId, signal }: BlobRequest,
  use: (head: BlobHead, parts: Parts) => Promise<T>,
): Promise<T> {
  const enough = new AbortController();
  const headers = folderId === undefined ? {} : { [sharedFolderHeader]: folderId };
  const messages = client.getBlob({ fileId }, { signal: AbortSignal.any([signal, enough.signal]), headers });
  const parts = messages[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    if (first.done || first.value.part.case !== "head") throw contentCorrupt();
    return await use(first.value.part.value, parts);
  } catch (error) {
    signal.throwIfAborted();
    throw isNotFound(error) ? sourceDataInvalid(`the file ${fileId} does not exist`) : error;
  } finally {
    enough.abort();
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
