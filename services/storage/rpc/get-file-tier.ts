import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { FileTier, type LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { toHold } from "../holds/hold-message.ts";
import { findHold } from "../holds/hold-repository.ts";

export const getFileTier =
  ({ db, tiers }: StorageDeps): MethodImpl<typeof LifecycleService.method.getFileTier> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    const file = await findFile(db, scope, fileId);
    if (!file) throw fileNotFound(fileId);
    const since = file.contentTime ?? file.createTime;
    const [cold, hold] = await Promise.all([tiers.find(file, since), findHold(db, scope, fileId)]);
    return {
      tier: cold ? FileTier.COLD : FileTier.WARM,
      sizeBytes: BigInt(file.sizeBytes),
      storedBytes: BigInt(cold?.storedBytes ?? file.sizeBytes),
      ...(cold && { coolTime: timestampFromDate(cold.coolTime) }),
      ...(file.lastReadTime && { lastReadTime: timestampFromDate(file.lastReadTime) }),
      ...(hold && { hold: toHold(hold) }),
    };
  };
