import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService, PutBlobHeader } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { receiveContent } from "../upload/receive-content.ts";
import { receiveUpload } from "../upload/receive-upload.ts";

export const putBlob =
  (deps: StorageDeps): MethodImpl<typeof BlobService.method.putBlob> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const { header, chunks } = await receiveUpload<PutBlobHeader>(requests, deps.limits);
    await using received = await receiveContent(deps, scope, {
      chunks,
      announcedBytes: 0,
      namespace: header.namespace,
      signal: context.signal,
    });
    // A reset stream can look like a complete one.
    context.signal.throwIfAborted();
    const { name, contentType, ownerId, namespace } = header;
    const { row } = await received.store({ name, contentType, ownerId, namespace });
    received.committed();
    return { fileId: row.fileId, sizeBytes: BigInt(row.sizeBytes), sha256: row.sha256 };
  };
