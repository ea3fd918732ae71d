import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";

export const getBlob = ({ db, content }: StorageDeps): MethodImpl<typeof BlobService.method.getBlob> =>
  async function* ({ fileId, heldSha256 }, context) {
    const file = await findFile(db, scopeOf(context), fileId);
    if (!file) throw fileNotFound(fileId);
    const { name, contentType, sizeBytes, sha256 } = file;
    yield { part: { case: "head", value: { name, contentType, sizeBytes: BigInt(sizeBytes), sha256 } } };
    if (heldSha256 === sha256) return;
    await using open = await content.open(file);
    if (context.requestHeader.get(sharedFolderHeader) === content.folderId) {
      const { path, fingerprint } = await open.locate();
      yield { part: { case: "file", value: { path, fingerprint } } };
      return;
    }
    for await (const chunk of open.readAll()) yield { part: { case: "chunk", value: chunk } };
  };
