import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { SignedUrlService } from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { signedUrlNotFound } from "../errors.ts";
import { findSignedUrl, revokeUrl } from "../sign/signed-url-repository.ts";

const permission = "storage.files.write";

export const revokeSignedUrl =
  ({ db }: StorageDeps): MethodImpl<typeof SignedUrlService.method.revokeSignedUrl> =>
  async ({ urlId }, context) => {
    const scope = scopeOf(context);
    const url = await findSignedUrl(db, scope, urlId);
    if (!url) throw signedUrlNotFound(urlId);
    const { principal } = scope;
    const isOwn = url.creatorUserId === principal.userId;
    if (!isOwn && !allowsIn(principal, permission, url.namespace)) throw permissionMissing(permission);
    const { namespace } = url;
    await db.transaction(async (tx) => {
      if (!(await revokeUrl(tx, scope, urlId))) return;
      const resource = `signed_urls/${url.urlId}`;
      await recordEvents(tx, scope, { kind: AuditKind.SIGNED_URL_REVOKED, namespace, resource });
    });
    await leasesEnded();
    return {};
  };
