import type { MethodImpl } from "@connectrpc/connect";
import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import type { NamespaceContentService } from "../../../gen/sluice/storage/v1/namespaces_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import type { Db } from "../../lib/database/database.ts";
import type { StorageDeps } from "../deps.ts";
import { fileHeld } from "../errors.ts";
import { deletePackageHoldsOf } from "../holds/package-hold-repository.ts";
import { deleteRules } from "../lifecycle/rule-repository.ts";
import { countModels } from "../models/maintenance-repository.ts";
import { clearModels } from "../models/remove-versions.ts";
import * as repository from "../namespace-repository.ts";
import { deletePolicy } from "../policy/upload-policy-repository.ts";
import { deleteQuota } from "../quota/quota-repository.ts";
import { removeSome } from "../resumable/remove-uploads.ts";
import { countOpenIn } from "../resumable/upload-repository.ts";
import { deleteUrlsIn } from "../sign/signed-url-repository.ts";
import { purgeFiles } from "../trash/purge-files.ts";
import { deleteTrashPolicy } from "../trash/trash-policy-repository.ts";
import { clearCollections } from "../vectors/clear-collections.ts";
import { countCollections } from "../vectors/collection-repository.ts";

export const setNamespaceState =
  ({
    db,
    cache,
    vectorSearch,
  }: StorageDeps): MethodImpl<typeof NamespaceContentService.method.setNamespaceState> =>
  async ({ orgId, namespace, state }) => {
    const key = { orgId, namespace };
    const isCleared = state === State.CLEARED;
    // In a transaction of its own, because it waits for those that have entered the namespace, and they lock contents and
    // quota, as clearing does. Once it has committed, none enters any more.
    await db.transaction(async (tx) => {
      if (state === State.OPEN) await repository.open(tx, key);
      else await repository.close(tx, key, isCleared);
    });
    const deleted = isCleared ? await clear(db, key, vectorSearch) : 0;
    if (isCleared) await cache.deletePrefix(key, "");
    if (deleted > 0) await leasesEnded();
    // The trash keeps no namespace, and goes with it. Staged files go with their jobs, which staging counts, and those of
    // models with their models.
    const counts = (await repository.countFiles(db, key, { withTrash: isCleared })).filter(
      ({ category }) => isCleared || (category !== "staging" && category !== "model"),
    );
    const uploads = await countOpenIn(db, key);
    const models = await countModels(db, key);
    const collections = await countCollections(db, { orgId, namespaces: [namespace] });
    return {
      counts: {
        ...Object.fromEntries(counts.map(({ category, count }) => [kinds[category], BigInt(count)])),
        ...(models > 0 && { models: BigInt(models) }),
        ...(uploads > 0 && { unfinished_uploads: BigInt(uploads) }),
        ...(collections > 0 && { vector_collections: BigInt(collections) }),
      },
    };
  };

const kinds = {
  upload: "files",
  staging: "staged_files",
  release: "released_files",
  model: "model_files",
} as const;

/** Deletes a part of the content of a closed namespace. Each transaction locks contents first and the quota last. */
async function clear(
  db: Db,
  key: repository.NamespaceKey,
  vectorSearch: StorageDeps["vectorSearch"],
): Promise<number> {
  await db.transaction((tx) => removeSome(tx, key));
  await db.transaction((tx) => clearCollections(tx, vectorSearch, key));
  return db.transaction((tx) => clearSome(tx, key));
}

/** Deletes a part of the content: models first, which refer to files. Returns the number of versions or files. */
async function clearSome(tx: Db, key: repository.NamespaceKey): Promise<number> {
  const versions = await clearModels(tx, key);
  if (versions > 0) return versions;
  const rows = await repository.lockSomeFiles(tx, key);
  await deletePackageHoldsOf(
    tx,
    rows.map(({ fileId }) => fileId),
  );
  await purgeFiles(tx, key, rows);
  if (rows.length > 0) return rows.length;
  const held = await repository.findHeldIn(tx, key);
  if (held) throw fileHeld(held);
  await deleteRules(tx, key, key.namespace);
  await repository.deleteReleases(tx, key);
  await deletePolicy(tx, key);
  await deleteUrlsIn(tx, key);
  await deleteTrashPolicy(tx, key);
  await deleteQuota(tx, key);
  return 0;
}
