import type { Db } from "../../lib/database/database.ts";
import { everywhere } from "../../lib/database/scope.ts";
import type { FileRow } from "../file-repository.ts";
import { listHeld } from "../holds/hold-repository.ts";
import { purgeFiles } from "../trash/purge-files.ts";
import { findTrashPolicy } from "../trash/trash-policy-repository.ts";
import { moveToTrash } from "../trash/trash-repository.ts";
import { lockMatching } from "./match-repository.ts";
import type { ScopedRule } from "./rule.ts";

/**
 * Removes those of the files that still match the rule and are not on hold, as DeleteFile does: to the trash of their
 * namespace, if it has one. Returns their number.
 */
export const expireFiles = (
  db: Db,
  orgId: string,
  rule: ScopedRule,
  fileIds: readonly string[],
): Promise<number> =>
  db.transaction(async (tx) => {
    const locked = await lockMatching(tx, everywhere({ orgId }), rule, fileIds);
    // A separate statement sees holds that were placed while this one waited for the locks.
    const held = await listHeld(
      tx,
      orgId,
      locked.map(({ fileId }) => fileId),
    );
    const rows = locked.filter(({ fileId }) => !held.has(fileId));
    const purged: FileRow[] = [];
    for (const namespace of new Set(rows.map((row) => row.namespace))) {
      const inNamespace = rows.filter((row) => row.namespace === namespace);
      const { undeleteWindowMs } = await findTrashPolicy(tx, { orgId, namespace });
      if (undeleteWindowMs === 0) purged.push(...inNamespace);
      else for (const row of inNamespace) await moveToTrash(tx, row, undeleteWindowMs);
    }
    await purgeFiles(tx, { orgId }, purged);
    return rows.length;
  });
