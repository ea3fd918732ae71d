import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../../gen/compat/rivergen/v1/quota_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { exactNumber, gibibytes, mebibytes, twoDigits } from "../exact-number.ts";
import { limitsOf } from "../quota-message.ts";
import { succeed } from "../succeed.ts";

export const getUsage =
  ({ quotas }: RivergenDeps): MethodImpl<typeof QuotaService.method.getUsage> =>
  async () => {
    const usage = await quotas.getUsage({});
    const usedBytes = exactNumber(usage.usedBytes);
    const limits = limitsOf(usage.limitBytes);
    const answer = {
      usedBytes,
      usedMb: mebibytes(usedBytes),
      usedGb: gibibytes(usedBytes),
      ...limits,
      ...shareOf(usedBytes, limits.limitBytes),
      fileCount: exactNumber(usage.fileCount),
    };
    return succeed(answer, "Storage usage retrieved successfully");
  };

/** What is left of a limit, which can be below what is used already. */
const shareOf = (used: number, limit: number | undefined) =>
  limit === undefined
    ? {}
    : {
        availableBytes: Math.max(0, limit - used),
        usagePercentage: limit === 0 ? 100 : twoDigits((used / limit) * 100),
      };
