import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import * as trash from "../trash/purge-files.ts";
import { lockSomeTrashed } from "../trash/trash-repository.ts";

export const purgeFiles =
  ({ db, policies }: StorageDeps): MethodImpl<typeof FileService.method.purgeFiles> =>
  async ({ namespace }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const owner = narrow(scope, namespace);
    const purgeSome = () =>
      db.transaction(async (tx) => {
        const rows = await lockSomeTrashed(tx, owner);
        await trash.purgeFiles(tx, scope, rows);
        return rows.length;
      });
    let fileCount = 0;
    for (let some = await purgeSome(); some > 0; some = await purgeSome()) {
      fileCount += some;
      context.signal.throwIfAborted();
    }
    return { fileCount };
  };
