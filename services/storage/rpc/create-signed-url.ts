import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { expireTimeOf } from "../sign/expire-time.ts";

export const createSignedUrl =
  ({ db, signedUrls }: StorageDeps): MethodImpl<typeof FileService.method.createSignedUrl> =>
  async ({ fileId, lifetime }, context) => {
    const scope = scopeOf(context);
    if (!(await findFile(db, scope, fileId))) throw fileNotFound(fileId);
    const expireTime = expireTimeOf(lifetime);
    const url = signedUrls.urlFor({ orgId: scope.orgId, fileId, expireTime });
    return { url, expireTime: timestampFromDate(expireTime) };
  };
