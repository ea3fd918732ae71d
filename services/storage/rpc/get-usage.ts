import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { findQuota } from "../quota-repository.ts";

export const getUsage =
  ({ db }: StorageDeps): MethodImpl<typeof QuotaService.method.getUsage> =>
  async (_request, context) => {
    const { usedBytes, reservedBytes, fileCount, limitBytes } = await findQuota(db, scopeOf(context));
    return {
      usedBytes: BigInt(usedBytes),
      reservedBytes: BigInt(reservedBytes),
      fileCount: BigInt(fileCount),
      limitBytes: BigInt(limitBytes),
    };
  };
