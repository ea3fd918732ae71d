import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toUsage } from "../message.ts";
import { findQuota } from "../quota/quota-repository.ts";

export const getUsage =
  ({ db, policies }: StorageDeps): MethodImpl<typeof QuotaService.method.getUsage> =>
  async ({ namespace }, context) => {
    const scope = scopeOf(context);
    if (namespace !== "") await requireNamespace(policies, scope, namespace);
    return toUsage(await findQuota(db, scope, namespace), namespace);
  };
