import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { ObjectUpload } from "../objects/object-store.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import { uploadContinued } from "./errors.ts";
import { insertPart } from "./part-repository.ts";
import { moveOffset, type UploadRow } from "./upload-repository.ts";

/** Writes the bytes of one attempt as parts. Disposing it discards what was not committed. */
export type PartWriter = AsyncDisposable & {
  /** The upload after the last part that was committed. */
  readonly upload: UploadRow;
  /** Bytes since then. */
  readonly pendingBytes: number;
  /** Takes ownership of the chunk, which is not copied and must not change. Throws diskFull. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the bytes since the last part durable, and moves the upload's offset behind them. Throws uploadContinued if
   * another attempt has begun, diskFull.
   */
  commit(): Promise<void>;
};

/** `uploadId` is that of a live reservation, which keeps unfinished bytes from collection. */
export function createPartWriter(
  deps: UploadDeps,
  scope: Scope,
  begun: UploadRow,
  uploadId: string,
): PartWriter {
  let upload = begun;
  let pending: ObjectUpload | undefined;
  let pendingBytes = 0;
  const discard = async () => {
    await using _discarded = pending;
    pending = undefined;
    pendingBytes = 0;
  };
  return {
    get upload() {
      return upload;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    async write(chunk) {
      pending ??= await deps.objects.startUpload({ orgId: scope.orgId, uploadId, expectedBytes: 0 });
      await pending.write(chunk);
      pendingBytes += chunk.length;
    },
    async commit() {
      if (!pending || pendingBytes === 0) return;
      const finished = pending;
      try {
        // The bytes have arrived: they stay, although the caller may be gone by now.
        upload = await outsideCalls(() => commitPart(deps, scope, upload, finished));
      } finally {
        await discard();
      }
    },
    [Symbol.asyncDispose]: discard,
  };
}

async function commitPart(
  deps: UploadDeps,
  scope: Scope,
  upload: UploadRow,
  object: ObjectUpload,
): Promise<UploadRow> {
  const { sha256, sizeBytes } = await object.finish();
  const { uploadId, orgId, offsetBytes: startBytes } = upload;
  return deps.db.transaction(async (tx) => {
    const expireMs = deps.limits.resumableMs;
    const moved = await moveOffset(tx, scope, upload, { sizeBytes, expireMs });
    if (!moved) throw uploadContinued(uploadId);
    // Locks the content against collection until the part's row is committed.
    await touchBlobs(tx, scope, [sha256]);
    const key = { orgId, sha256 };
    const fingerprint = await object.publish((existing) =>
      deps.content.isVerified(key, existing.fingerprint),
    );
    deps.content.setVerified(key, fingerprint);
    await insertPart(tx, { uploadId, orgId, startBytes, sizeBytes, sha256 });
    return moved;
  });
}
