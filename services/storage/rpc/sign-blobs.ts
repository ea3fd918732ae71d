import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { listFileIds } from "../file-repository.ts";
import { expireTimeOf } from "../sign/expire-time.ts";
import { listGenerations } from "../sign/signed-url-repository.ts";

export const signBlobs =
  ({ db, signedUrls }: StorageDeps): MethodImpl<typeof BlobService.method.signBlobs> =>
  async ({ fileIds, lifetime }, context) => {
    const scope = scopeOf(context);
    const [known, generations] = await Promise.all([
      listFileIds(db, scope, fileIds),
      listGenerations(db, fileIds),
    ]);
    const unknown = fileIds.find((fileId) => !known.has(fileId.toLowerCase()));
    if (unknown !== undefined) throw fileNotFound(unknown);
    const expireTime = expireTimeOf(lifetime);
    const urlFor = (fileId: string) => {
      const generation = generations.get(fileId.toLowerCase()) ?? 0;
      return signedUrls.urlFor({ kind: "file", orgId: scope.orgId, fileId, generation, expireTime });
    };
    return { urls: fileIds.map(urlFor) };
  };
