import { Code, ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type {
  BlobFile,
  BlobHead,
  BlobService,
  GetBlobResponse,
} from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { SealBroken } from "../../lib/content/sealed-content.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { contentCorrupt, sourceDataInvalid } from "../errors.ts";
import { beforeAbort } from "../timing/before-abort.ts";
import type { BlobFolder } from "./blob-folder.ts";
import type { StorageFolder } from "./storage-folder.ts";
import { writeBlob } from "./write-blob.ts";

export type BorrowedBlob = Disposable & {
  readonly name: string;
  readonly sha256: string;
  /** Absolute path of the bytes, which stay until disposed. */
  readonly path: string;
};

export type BlobCache = {
  /** Metadata of a file of the caller's organisation, from storage. */
  head(fileId: string, signal: AbortSignal): Promise<BlobHead>;
  /** The file's bytes, fetched unless they are cached. Storage authorises every call. */
  borrow(fileId: string, signal: AbortSignal): Promise<BorrowedBlob>;
};

/** Maximum of files whose hash is remembered. */
const hashesMax = 10_000;

/**
 * Cache of the storage service's files. A missing file is FailedPrecondition. Files are copied from `shared`, the folder of
 * storage, if there is one; otherwise they are streamed through the mesh.
 */
export function createBlobCache(
  client: MeshClient<typeof BlobService>,
  folder: BlobFolder,
  shared: StorageFolder | undefined,
): BlobCache {
  const fetches = new Map<string, Promise<string>>();
  // Last known hash of each file: if it is unchanged, storage sends the head only.
  const hashes = new LRUCache<string, string>({ max: hashesMax });

  async function lend(head: BlobHead, parts: Parts, signal: AbortSignal): Promise<string> {
    for (;;) {
      const path = await folder.take(head);
      if (path) return path;
      const running = fetches.get(head.sha256);
      if (!running) return fetch(head, parts, signal);
      // Concurrent callers wait for one fetch. If that is cancelled, the next caller fetches.
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

  /** Undefined if storage sent the head only, but the bytes have been evicted. */
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
    head: (fileId, signal) => withBlob(client, { fileId, headOnly: true }, signal, async (head) => head),
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
  /** Hash of the cached bytes: storage sends the head only, unless its hash differs. */
  readonly heldSha256?: string;
  /** Whether storage sends the head only. */
  readonly headOnly?: boolean;
  /** Id of storage's folder, if this process can read it. */
  readonly folderId?: string;
};

type Parts = AsyncIterator<GetBlobResponse>;

/** The file has changed since storage verified it, as after an upload that replaced a damaged one. */
class BlobMoved extends Error {}

type Filling = {
  readonly path: string;
  readonly head: BlobHead;
  readonly parts: Parts;
  readonly shared: StorageFolder | undefined;
  readonly signal: AbortSignal;
};

/** Writes the streamed bytes, or a copy of the lent file, to a new file. */
async function fill({ path, head, parts, shared, signal }: Filling): Promise<void> {
  const first = await parts.next();
  if (first.done || first.value.part.case !== "file") {
    return writeBlob(path, head, chunksOf(first, parts));
  }
  if (!shared) throw contentCorrupt();
  const file = first.value.part.value;
  const isFilled =
    file.dataKey.length > 0
      ? await decrypt(path, { head, shared, file, signal })
      : await shared.copy(file, path, signal);
  if (!isFilled) throw new BlobMoved();
}

/** Writes the content of an encrypted file. Returns false if the file is gone, has changed or is damaged. */
async function decrypt(
  path: string,
  {
    head,
    shared,
    file,
    signal,
  }: Pick<Filling, "head" | "signal"> & { shared: StorageFolder; file: BlobFile },
): Promise<boolean> {
  const chunks = shared.decrypt(file, Number(head.sizeBytes), signal);
  try {
    await writeBlob(path, head, chunks);
    return true;
  } catch (error) {
    if (error instanceof SealBroken || hasReason(error, ErrorReason.CONTENT_CORRUPT)) return false;
    throw error;
  }
}

/** Opens the stream of a file, reads its head, and cancels the stream when `use` is done. */
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
    isWhole = file.headOnly === true || head.sha256 === file.heldSha256;
    return await use(head, parts);
  } catch (error) {
    signal.throwIfAborted();
    if (!isNotFound(error)) throw error;
    // The cause is for callers that named the file themselves, instead of a source.
    throw Object.assign(sourceDataInvalid(`the file ${file.fileId} does not exist`), { cause: error });
  } finally {
    if (!isWhole) enough.abort();
    // The client releases a cancelled stream and its deadline timer on the next read.
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
