import { Code, ConnectError } from "@connectrpc/connect";
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

/** Files of the storage service, kept in a folder of ours. A file that is not there is FailedPrecondition. */
export function createBlobCache(client: MeshClient<typeof BlobService>, folder: BlobFolder): BlobCache {
  const fetches = new Map<string, Promise<string>>();

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

  return {
    head: (fileId, signal) => withBlob(client, fileId, signal, async (head) => head),
    borrow: (fileId, signal) =>
      withBlob(client, fileId, signal, async (head, chunks) => {
        const path = await lend(head, chunks, signal);
        const { name, sha256 } = head;
        return { name, sha256, path, [Symbol.dispose]: () => folder.giveBack(sha256) };
      }),
  };
}

/** Opens a file's stream, reads its head, and ends the stream when `use` has what it needs. */
async function withBlob<T>(
  client: MeshClient<typeof BlobService>,
  fileId: string,
  signal: AbortSignal,
  use: (head: BlobHead, chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const enough = new AbortController();
  const messages = client.getBlob({ fileId }, { signal: AbortSignal.any([signal, enough.signal]) });
  const parts = messages[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    if (first.done || first.value.part.case !== "head") throw contentCorrupt();
    return await use(first.value.part.value, chunksOf(parts));
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

async function* chunksOf(parts: AsyncIterator<GetBlobResponse>): AsyncIterable<Uint8Array> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.part.case !== "chunk") throw contentCorrupt();
    yield next.value.part.value;
  }
}
