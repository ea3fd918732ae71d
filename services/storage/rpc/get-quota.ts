import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toQuota } from "../message.ts";
import { findQuota } from "../quota-repository.ts";

export const getQuota =
  ({ db }: StorageDeps): MethodImpl<typeof QuotaService.method.getQuota> =>
  async (_request, context) => ({ quota: toQuota(await findQuota(db, scopeOf(context))) });
