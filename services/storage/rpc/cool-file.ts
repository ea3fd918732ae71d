import type { MethodImpl } from "@connectrpc/connect";
import { FileTier, type LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld, fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { isHeldByPackage } from "../holds/package-hold-repository.ts";

export const coolFile =
  ({ db, tiers }: StorageDeps): MethodImpl<typeof LifecycleService.method.coolFile> =>
  async ({ fileId }, context) => {
    const scope = scopeOf(context);
    const file = await findFile(db, scope, fileId);
    if (!file) throw fileNotFound(fileId);
    if (await isHeldByPackage(db, scope, fileId)) throw fileHeld(fileId);
    return { tier: FileTier.COLD, storedBytes: BigInt(await tiers.cool(file)) };
  };
