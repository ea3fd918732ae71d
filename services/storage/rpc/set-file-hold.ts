import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { type FileRow, findFile } from "../file-repository.ts";
import { toHold } from "../holds/hold-message.ts";
import { deleteHold, findHold, type HoldRow, insertHold } from "../holds/hold-repository.ts";

export const setFileHold =
  ({ db }: StorageDeps): MethodImpl<typeof LifecycleService.method.setFileHold> =>
  async ({ fileId, held, reason }, context) => {
    const scope = scopeOf(context);
    const row = await db.transaction(async (tx) => {
      const file = await findFile(tx, scope, fileId);
      if (!file) throw fileNotFound(fileId);
      return held ? hold(tx, scope, file, reason) : release(tx, scope, file);
    });
    return row ? { hold: toHold(row) } : {};
  };

async function hold(tx: Db, scope: Scope, file: FileRow, reason: string): Promise<HoldRow> {
  const earlier = await findHold(tx, scope, file.fileId);
  const row = await insertHold(tx, scope, file.fileId, reason);
  if (!row) throw fileNotFound(file.fileId);
  if (earlier?.reason !== reason) await record(tx, scope, AuditKind.FILE_HOLD_SET, file);
  return row;
}

async function release(tx: Db, scope: Scope, file: FileRow): Promise<undefined> {
  if (await deleteHold(tx, scope, file.fileId)) await record(tx, scope, AuditKind.FILE_HOLD_RELEASED, file);
}

const record = (tx: Db, scope: Scope, kind: AuditKind, { fileId, namespace }: FileRow): Promise<void> =>
  recordEvents(tx, scope, { kind, namespace, resource: `files/${fileId}` });
