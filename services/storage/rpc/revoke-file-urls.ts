import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { SignedUrlService } from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { revokeUrlsOf } from "../sign/signed-url-repository.ts";

export const revokeFileUrls =
  ({ db }: StorageDeps): MethodImpl<typeof SignedUrlService.method.revokeFileUrls> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    const file = await findFile(db, scope, fileId);
    if (!file) throw fileNotFound(fileId);
    const { namespace } = file;
    await db.transaction(async (tx) => {
      await revokeUrlsOf(tx, scope, file.fileId);
      await recordEvents(tx, scope, {
        kind: AuditKind.FILE_URLS_REVOKED,
        namespace,
        resource: `files/${file.fileId}`,
      });
    });
    await leasesEnded();
    return {};
  };
