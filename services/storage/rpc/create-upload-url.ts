import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { SignedUrlService } from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StorageDeps } from "../deps.ts";
import { mediaTypeOf } from "../media-type.ts";
import { expireTimeOf } from "../sign/expire-time.ts";
import { insertSignedUrl } from "../sign/signed-url-repository.ts";

export const createUploadUrl =
  ({
    db,
    limits,
    policies,
    signedUrls,
  }: StorageDeps): MethodImpl<typeof SignedUrlService.method.createUploadUrl> =>
  async ({ name, contentType, namespace, sizeBytesMax, usesMax, lifetime }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const expireTime = expireTimeOf(lifetime);
    const { urlId } = await db.transaction((tx) =>
      insertSignedUrl(tx, scope, {
        urlId: newId(),
        operation: "upload",
        name,
        contentType: contentType || mediaTypeOf(name),
        namespace,
        sizeBytesMax: Number(sizeBytesMax) || limits.uploadBytesMax,
        usesMax: usesMax || 1,
        expireTime,
      }),
    );
    const url = signedUrls.urlFor({ kind: "url", orgId: scope.orgId, urlId, expireTime });
    return { url, urlId, expireTime: timestampFromDate(expireTime) };
  };
