import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { modelNotFound, versionNotFound, versionNotReady } from "./model-errors.ts";
import { lockModel, type ModelRef, type ModelRow } from "./model-repository.ts";
import { type FullVersionRow, findVersion } from "./version-repository.ts";

/** The model, locked until the transaction ends. Throws modelNotFound. */
export async function requireLockedModel(tx: Db, scope: Scope, ref: ModelRef): Promise<ModelRow> {
  const model = await lockModel(tx, scope, ref);
  if (!model) throw modelNotFound(ref.model);
  return model;
}

/** Throws versionNotFound. */
export async function requireVersion(
  db: Db,
  scope: Scope,
  ref: ModelRef,
  version: number,
): Promise<FullVersionRow> {
  const row = await findVersion(db, scope, ref, version);
  if (!row) throw versionNotFound(ref.model, version);
  return row;
}

/** Throws versionNotFound and versionNotReady. */
export async function requireReady(
  db: Db,
  scope: Scope,
  ref: ModelRef,
  version: number,
): Promise<FullVersionRow> {
  const row = await requireVersion(db, scope, ref, version);
  if (row.state !== "ready") throw versionNotReady(ref.model, row);
  return row;
}
