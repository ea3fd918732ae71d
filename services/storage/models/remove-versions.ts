import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { touchBlobs } from "../blob-repository.ts";
import { fileHeld } from "../errors.ts";
import { freeUsage } from "../quota/usage.ts";
import { deleteModels, type NamespaceKey, unaliasSome } from "./maintenance-repository.ts";
import { deleteModelFiles, detachFiles, findHeldModelFile } from "./model-file-repository.ts";
import { deleteVersions } from "./version-repository.ts";

type Owner = Pick<Scope, "orgId" | "namespaces">;

/** Deletes versions with their files, and releases their quota. Returns the number of files. */
export async function removeVersions(
  tx: Db,
  owner: Owner,
  modelVersionIds: readonly string[],
): Promise<number> {
  await deleteVersions(tx, owner, modelVersionIds);
  return removeFiles(tx, owner, modelVersionIds);
}

/** Deletes the files of a version that failed. The version stays. */
export async function releaseFiles(tx: Db, owner: Owner, modelVersionId: string): Promise<number> {
  await detachFiles(tx, modelVersionId);
  return removeFiles(tx, owner, [modelVersionId]);
}

/** Deletes a part of a namespace's models. Returns the number of versions; 0 when all are gone, and their models too. */
export async function clearModels(tx: Db, key: NamespaceKey): Promise<number> {
  const ids = await unaliasSome(tx, key);
  if (ids.length === 0) await deleteModels(tx, key);
  else await removeVersions(tx, { orgId: key.orgId, namespaces: [key.namespace] }, ids);
  return ids.length;
}

async function removeFiles(tx: Db, owner: Owner, modelVersionIds: readonly string[]): Promise<number> {
  const held = modelVersionIds.length > 0 && (await findHeldModelFile(tx, owner, modelVersionIds));
  if (held) throw fileHeld(held);
  const rows = await deleteModelFiles(tx, owner, modelVersionIds);
  if (rows.length === 0) return 0;
  await touchBlobs(
    tx,
    owner,
    rows.map(({ sha256 }) => sha256),
  );
  await freeUsage(tx, owner.orgId, rows);
  return rows.length;
}
