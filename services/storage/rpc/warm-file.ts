import type { MethodImpl } from "@connectrpc/connect";
import { FileTier, type LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";

export const warmFile =
  ({ db, tiers }: StorageDeps): MethodImpl<typeof LifecycleService.method.warmFile> =>
  async ({ fileId }, context) => {
    const file = await findFile(db, scopeOf(context), fileId);
    if (!file) throw fileNotFound(fileId);
    await tiers.warm(file);
    return { tier: FileTier.WARM, storedBytes: BigInt(file.sizeBytes) };
  };
