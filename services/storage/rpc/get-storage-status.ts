import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { ReadOnlyReason, type StorageStatusService } from "../../../gen/sluice/storage/v1/status_pb.ts";
import type { StorageDeps } from "../deps.ts";

const reasons = {
  reserve: ReadOnlyReason.RESERVE,
  write_failed: ReadOnlyReason.WRITE_FAILED,
} as const;

export const getStorageStatus =
  ({ space }: StorageDeps): MethodImpl<typeof StorageStatusService.method.getStorageStatus> =>
  async () => {
    const state = await space?.state();
    if (!state) return {};
    const { readOnly, freeBytes, reserveBytes } = state;
    return {
      freeBytes: BigInt(freeBytes),
      reserveBytes: BigInt(Math.round(reserveBytes)),
      ...(readOnly && {
        readOnlyReason: reasons[readOnly.reason],
        readOnlyTime: timestampFromDate(readOnly.since),
      }),
    };
  };
