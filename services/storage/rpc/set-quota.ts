import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { Quota, QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { toQuota } from "../message.ts";
import { type Limits, updateLimits } from "../quota/quota-repository.ts";

export const setQuota =
  ({ db, policies }: StorageDeps): MethodImpl<typeof QuotaService.method.setQuota> =>
  async (request, context) => {
    const { namespace } = request;
    const scope = scopeOf(context);
    const quota = required(request.quota, "quota");
    if (namespace === "") required(quota.limitBytes, "quota.limit_bytes");
    else await requireNamespace(policies, scope, namespace);
    const revision = revisionOf(quota.etag);
    const limits = limitsOf(quota);
    const row = await db.transaction(async (tx) => {
      const updated = await updateLimits(tx, scope, namespace, revision, limits);
      if (updated) await recordEvents(tx, scope, { kind: AuditKind.QUOTA_SET, namespace, details: limits });
      return updated;
    });
    if (!row) throw etagMismatch("quota", namespace || scope.orgId);
    return { quota: toQuota(row) };
  };

const limitsOf = ({ limitBytes, limitFiles, warnBytes, warnFiles }: Quota): Limits => ({
  limitBytes: orNull(limitBytes),
  limitFiles: orNull(limitFiles),
  warnBytes: orNull(warnBytes),
  warnFiles: orNull(warnFiles),
});

const orNull = (limit: bigint | undefined) => (limit === undefined ? null : Number(limit));
