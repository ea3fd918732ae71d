import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { contentTooLarge, lentFileChanged } from "../errors.ts";
import type { FileHead, FileRow } from "../file-repository.ts";
import type { Content } from "../objects/object-store.ts";
import { insertKnown } from "../upload/insert-known.ts";
import type { OpenLentFile } from "../upload/lent-files.ts";
import { receiveContent } from "../upload/receive-content.ts";

export const adoptBlob =
  (deps: StorageDeps): MethodImpl<typeof BlobService.method.adoptBlob> =>
  async ({ header, file }, context) => {
    if (!header || !file) throw new Error("the contract requires both");
    const scope = scopeOf(context);
    await using lent = await deps.lentFiles.open(file);
    if (!lent) return {};
    const content = { sha256: file.sha256, sizeBytes: Number(file.sizeBytes) };
    if (content.sizeBytes > deps.limits.uploadBytesMax) throw contentTooLarge(deps.limits.uploadBytesMax);
    const { name, contentType, ownerId, namespace } = header;
    const stored = { name, contentType, ownerId, namespace };
    const row =
      (await insertKnown(deps, scope, content, stored)) ??
      (await insertRead(deps, scope, { lent, content, stored, signal: context.signal }));
    return { fileId: row.fileId, sizeBytes: BigInt(row.sizeBytes), sha256: row.sha256 };
  };

type Reading = {
  readonly lent: OpenLentFile;
  readonly content: Content;
  readonly stored: FileHead;
  readonly signal: AbortSignal;
};

async function insertRead(
  deps: StorageDeps,
  scope: Scope,
  { lent, content, stored, signal }: Reading,
): Promise<FileRow> {
  const { namespace } = stored;
  const arriving = { chunks: lent.read(), announcedBytes: content.sizeBytes, namespace, signal };
  await using received = await receiveContent(deps, scope, arriving);
  if (received.content.sha256 !== content.sha256) throw lentFileChanged(content.sha256);
  signal.throwIfAborted();
  const { row } = await deps.db.transaction((tx) => received.insert(tx, stored));
  received.committed();
  return row;
}
