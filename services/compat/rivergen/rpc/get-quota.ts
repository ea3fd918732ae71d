import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../../gen/compat/rivergen/v1/quota_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { limitsOf } from "../quota-message.ts";
import { succeed } from "../succeed.ts";

export const getQuota =
  ({ quotas }: RivergenDeps): MethodImpl<typeof QuotaService.method.getQuota> =>
  async () => {
    const { quota } = await quotas.getQuota({});
    return succeed(limitsOf(quota?.limitBytes), "Storage quota retrieved successfully");
  };
