import { Code, ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { BlobHead, BlobService, GetBlobResponse } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { MeshClient } from "../../lib/mesh-client.ts";
import { contentCorrupt, sourceDataInvalid } from "../errors.ts";
import { beforeAbort } from "../executions/before-abort.ts";
import type { BlobFolder } from "./blob-folder.ts";

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

/** Files of the storage service, kept in a folder of ours. A file that is not there is FailedPrecondition. */
export function createBlobCache(client: MeshClient<typeof BlobService>, folder: BlobFolder): BlobCache {
  const fetches = new Map<string, Promise<string>>();
  // What storage said last of a file: then its head is enough.
  const hashes = new LRUCache<string, string>({ max: hashesMax });

  async function lend(
    head: BlobHead,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<string> {
    for (;;) {
      const path = await folder.take(head);
      if (path) return path;
      const running = fetches.get(head.sha256);
      if (!running) return fetch(head, chunks);
      // Callers that want the same bytes wait for one of them. When it is cancelled, the next one's turn comes.
      await beforeAbort(
        running.catch(() => {}),
        signal,
      );
    }
  }

  function fetch(head: BlobHead, chunks: AsyncIterable<Uint8Array>): Promise<string> {
    const fetching = folder.store(head, chunks).finally(() => fetches.delete(head.sha256));
    fetches.set(head.sha256, fetching);
    return fetching;
  }

  /** Undefined when storage sent the head alone, and the bytes are not here any more. */
  function tryBorrow(file: BlobRequest, signal: AbortSignal): Promise<BorrowedBlob | undefined> {
    return withBlob(client, file, signal, async (head, chunks) => {
      const { name, sha256 } = head;
      const path = await (sha256 === file.heldSha256 ? folder.take(head) : lend(head, chunks, signal));
      if (path === undefined) return undefined;
      hashes.set(file.fileId, sha256);
      return { name, sha256, path, [Symbol.dispose]: () => folder.giveBack(sha256) };
    });
  }

  return {
    head: (fileId, signal) => withBlob(client, { fileId }, signal, async (head) => head),
    async borrow(fileId, signal) {
      const heldSha256 = hashes.get(fileId);
      const held = heldSha256 === undefined ? undefined : await tryBorrow({ fileId, heldSha256 }, signal);
      const borrowed = held ?? (await tryBorrow({ fileId }, signal));
      if (!borrowed) throw contentCorrupt();
      return borrowed;
    },
  };
}

type BlobRequest = { readonly fileId: string; readonly heldSha256?: string };

/** Opens a file's stream, reads its head, and ends the stream when `use` has what it needs. */
async function withBlob<T>(
  client: MeshClient<typeof BlobService>,
  file: BlobRequest,
  signal: AbortSignal,
  use: (head: BlobHead, chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const enough = new AbortController();
  const messages = client.getBlob(file, { signal: AbortSignal.any([signal, enough.signal]) });
  const parts = messages[Symbol.asyncIterator]();
  let isWhole = false;
  try {
    const first = await parts.next();
    if (first.done || first.value.part.case !== "head") throw contentCorrupt();
    const head = first.value.part.value;
    isWhole = head.sha256 === file.heldSha256;
    return await use(head, chunksOf(parts));
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

async function* chunksOf(parts: AsyncIterator<GetBlobResponse>): AsyncIterable<Uint8Array> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.part.case !== "chunk") throw contentCorrupt();
    yield next.value.part.value;
  }
}
