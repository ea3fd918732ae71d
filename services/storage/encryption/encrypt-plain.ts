import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { listBlobs, lockBlob } from "../blob-repository.ts";
import { contentCorrupt } from "../errors.ts";
import type { ObjectKey, ObjectStore } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { Reservations } from "../quota/reservations.ts";
import { completePlain, findPlainProgress, updatePlainProgress } from "./plain-content-repository.ts";

type Deps = {
  readonly db: Db;
  /** The store that encrypts. */
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  readonly log: Logger;
};

/**
 * Encrypts the content that was stored before encryption was enabled. Each object is replaced as a whole, so that it can be
 * read all the time; after a stop or a crash, the next call continues. Damaged objects are left to the scrubber.
 */
export async function encryptPlain(deps: Deps, stop: AbortSignal): Promise<void> {
  const { db, log } = deps;
  const { last, isComplete } = await findPlainProgress(db);
  if (isComplete) return;
  let count = 0;
  for await (const keys of listBlobs(db, last)) {
    for (const key of keys) {
      if (stop.aborted) return;
      if (await encryptOne(deps, key).catch(unlessDamaged(log, key))) count += 1;
    }
    const reached = keys.at(-1);
    if (reached) await updatePlainProgress(db, reached);
  }
  await completePlain(db);
  if (count > 0) log.info({ count }, "content that was stored before is encrypted");
}

/** Returns false if the object is encrypted already or gone. Throws contentCorrupt. */
async function encryptOne({ db, objects, content, reservations }: Deps, key: ObjectKey): Promise<boolean> {
  await using plain = await objects.get(key);
  if (!plain || plain.seal) return false;
  await using reservation = await reservations.holdNothing(key);
  const { orgId } = key;
  const start = { orgId, uploadId: reservation.id, expectedBytes: plain.sizeBytes };
  await using upload = await objects.startUpload(start);
  for await (const chunk of plain.read({ start: 0, end: plain.sizeBytes })) await upload.write(chunk);
  const { sha256 } = await upload.finish();
  if (sha256 !== key.sha256) throw contentCorrupt(key.sha256);
  // Awaited here: the upload must not be disposed before it is published.
  return await db.transaction(async (tx) => {
    if (!(await lockBlob(tx, key))) return false;
    content.setVerified(key, await upload.publish(() => false));
    return true;
  });
}

const unlessDamaged =
  (log: Logger, { orgId, sha256 }: ObjectKey) =>
  (error: unknown): false => {
    if (!hasReason(error, ErrorReason.CONTENT_CORRUPT)) throw error;
    log.error({ org: orgId, sha256 }, "an object is damaged, and was not encrypted");
    return false;
  };
