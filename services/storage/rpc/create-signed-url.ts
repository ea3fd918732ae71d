import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { expireTimeOf } from "../sign/expire-time.ts";
import { insertSignedUrl } from "../sign/signed-url-repository.ts";

export const createSignedUrl =
  ({ db, signedUrls }: StorageDeps): MethodImpl<typeof FileService.method.createSignedUrl> =>
  async ({ fileId, lifetime, usesMax }, context) => {
    const scope = scopeOf(context);
    const file = await findFile(db, scope, fileId);
    if (!file) throw fileNotFound(fileId);
    const expireTime = expireTimeOf(lifetime);
    const { urlId } = await db.transaction((tx) =>
      insertSignedUrl(tx, scope, {
        urlId: newId(),
        operation: "read",
        fileId: file.fileId,
        namespace: file.namespace,
        usesMax: usesMax || null,
        expireTime,
      }),
    );
    const url = signedUrls.urlFor({ kind: "url", orgId: scope.orgId, urlId, expireTime });
    return { url, expireTime: timestampFromDate(expireTime), urlId };
  };
