import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toFile, toWarnings } from "../message.ts";
import { insertAll, receiveMany } from "../upload/receive-many.ts";

export const uploadFiles =
  (deps: StorageDeps): MethodImpl<typeof FileService.method.uploadFiles> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    await using received = await receiveMany(deps, scope, requests, context.signal);
    // A reset stream can look like a complete one.
    context.signal.throwIfAborted();
    const stored = await insertAll(deps, scope, received.files);
    const warned = new Map(stored.flatMap((one) => one.warned).map((usage) => [usage.namespace, usage]));
    return {
      files: stored.map(({ row }) => toFile(row)),
      quotaWarnings: toWarnings([...warned.values()]),
    };
  };
