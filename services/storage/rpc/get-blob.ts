import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";

export const getBlob = ({
  db,
  content,
  lastReads,
}: StorageDeps): MethodImpl<typeof BlobService.method.getBlob> =>
  async function* ({ fileId, heldSha256, headOnly }, context) {
    const file = await findFile(db, scopeOf(context), fileId);
    if (!file) throw fileNotFound(fileId);
    const { name, namespace, contentType, sha256 } = file;
    const sizeBytes = BigInt(file.sizeBytes);
    // A caller that has the content, or a result of it, uses the file as much as one that reads it.
    lastReads.note(file.fileId);
    yield { part: { case: "head", value: { name, namespace, contentType, sizeBytes, sha256 } } };
    if (headOnly || heldSha256 === sha256) return;
    await using open = await content.open(file);
    if (context.requestHeader.get(sharedFolderHeader) === content.folderId) {
      yield { part: { case: "file", value: await open.locate() } };
      return;
    }
    for await (const chunk of open.readAll()) yield { part: { case: "chunk", value: chunk } };
  };
