import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { toQuota } from "../message.ts";
import { lockQuota, updateLimit } from "../quota-repository.ts";

export const setQuota =
  ({ db }: StorageDeps): MethodImpl<typeof QuotaService.method.setQuota> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { limitBytes, etag } = required(request.quota, "quota");
    const row = await db.transaction(async (tx) => {
      await lockQuota(tx, scope);
      return updateLimit(tx, scope, revisionOf(etag), Number(limitBytes));
    });
    if (!row) throw etagMismatch("quota", scope.orgId);
    return { quota: toQuota(row) };
  };
