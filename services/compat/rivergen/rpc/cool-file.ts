import type { MethodImpl } from "@connectrpc/connect";
import type { LifecycleService } from "../../../../gen/compat/rivergen/v1/lifecycle_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { findObject } from "../find-object.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";
import { toTier } from "../tier-message.ts";

export const coolFile =
  ({ files, lifecycle }: RivergenDeps): MethodImpl<typeof LifecycleService.method.coolFile> =>
  async ({ objectName }, context) => {
    requireService(context);
    const file = await findObject(objectName, (named) => files.findFile(named));
    const tier = await lifecycle.coolFile({ fileId: file.fileId });
    return succeed(toTier(file, tier), "File moved to cold storage");
  };
