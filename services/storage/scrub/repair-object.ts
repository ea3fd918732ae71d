import type { Db } from "../../lib/database/database.ts";
import { lockBlob } from "../blob-repository.ts";
import type { ObjectKey, ObjectStore } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { Reservations } from "../quota/reservations.ts";

/** Second copies of objects, as a backup of storage's folder. Nothing of them is trusted before its hash was checked. */
export type SecondCopies = Pick<ObjectStore, "get">;

export type RepairDeps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  /** Undefined if there are no second copies. */
  readonly copies: SecondCopies | undefined;
};

/** Replaces a missing or damaged object by its second copy. Returns false if there is none with the right hash. */
export async function repairObject(
  { db, objects, content, reservations, copies }: RepairDeps,
  key: ObjectKey,
  spend: (bytes: number) => Promise<void> = async () => {},
): Promise<boolean> {
  await using copy = await copies?.get(key);
  if (!copy) return false;
  await using reservation = await reservations.holdNothing(key);
  const { orgId } = key;
  await using upload = await objects.startUpload({
    orgId,
    uploadId: reservation.id,
    expectedBytes: copy.sizeBytes,
  });
  for await (const chunk of copy.read({ start: 0, end: copy.sizeBytes })) {
    await upload.write(chunk);
    await spend(chunk.length);
  }
  const { sha256 } = await upload.finish();
  if (sha256 !== key.sha256) return false;
  // Awaited here: the upload must not be disposed before it is published.
  return await db.transaction(async (tx) => {
    if (!(await lockBlob(tx, key))) return false;
    content.setVerified(key, await upload.publish(() => false));
    return true;
  });
}
