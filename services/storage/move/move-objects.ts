import { createHash, randomUUID } from "node:crypto";
import { keyIdOf, trailerBytes } from "../objects/encrypted/trailer.ts";
import type { ObjectKey, ObjectStore, OpenObject } from "../objects/object-store.ts";

type Moving = {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  /** Also compares the bytes of objects that are there already. */
  readonly isChecked: boolean;
  /** Called after each object. */
  onProgress(progress: MoveProgress): void;
};

export type MoveProgress = {
  copiedCount: number;
  copiedBytes: number;
  /** Objects that were there. */
  keptCount: number;
  /** Objects that could not be copied, with the reason. */
  readonly problems: string[];
};

/** Objects that are copied at the same time. */
const copiesAtOnce = 4;

/**
 * Copies every object of a store into another one, as stored: encrypted ones stay encrypted. Each copy is read back and
 * compared before it counts. An object that is there with the same size is kept, so a run that was interrupted goes on
 * where it was. Nothing is deleted.
 */
export async function moveObjects(moving: Moving): Promise<MoveProgress> {
  const progress: MoveProgress = { copiedCount: 0, copiedBytes: 0, keptCount: 0, problems: [] };
  for await (const keys of moving.from.list()) {
    for (let start = 0; start < keys.length; start += copiesAtOnce) {
      const some = keys.slice(start, start + copiesAtOnce);
      await Promise.all(some.map((key) => moveOne(moving, key, progress)));
      moving.onProgress(progress);
    }
  }
  return progress;
}

async function moveOne({ from, to, isChecked }: Moving, key: ObjectKey, progress: MoveProgress) {
  await using object = await from.get(key);
  // It was deleted since it was listed.
  if (!object) return;
  const existing = await to.head(key);
  const isThere = existing?.sizeBytes === object.sizeBytes;
  if (isThere && (!isChecked || (await hashOf(object)) === (await storedHash(to, key)))) {
    progress.keptCount += 1;
    return;
  }
  const problem = await copy(to, key, object);
  if (problem) progress.problems.push(`${key.orgId}/${key.sha256}: ${problem}`);
  else {
    progress.copiedCount += 1;
    progress.copiedBytes += object.sizeBytes;
  }
}

/** Copies an object and reads the copy back. Returns what is wrong with it; undefined if it is right. */
async function copy(to: ObjectStore, key: ObjectKey, object: OpenObject): Promise<string | undefined> {
  const { sizeBytes } = object;
  const start = { orgId: key.orgId, uploadId: randomUUID(), expectedBytes: sizeBytes, isSealed: true };
  await using upload = await to.startUpload(start);
  const hash = createHash("sha256");
  let end = Buffer.alloc(0);
  let readBytes = 0;
  for await (const chunk of object.read({ start: 0, end: sizeBytes })) {
    hash.update(chunk);
    readBytes += chunk.length;
    end = Buffer.concat([end, chunk.subarray(-trailerBytes)]).subarray(-trailerBytes);
    // The store keeps what it is given.
    await upload.write(Buffer.from(chunk));
  }
  if (readBytes < sizeBytes) return `only ${readBytes} of its ${sizeBytes} bytes can be read`;
  const sha256 = hash.digest("hex");
  if (sha256 !== key.sha256 && keyIdOf(end) === undefined)
    return "its bytes are damaged: they have another hash";
  await upload.finish(key.sha256);
  await upload.publish(() => false);
  return (await storedHash(to, key)) === sha256 ? undefined : "its copy has other bytes";
}

async function storedHash(store: ObjectStore, key: ObjectKey): Promise<string | undefined> {
  await using object = await store.get(key);
  return object && (await hashOf(object));
}

async function hashOf(object: OpenObject): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of object.read({ start: 0, end: object.sizeBytes })) hash.update(chunk);
  return hash.digest("hex");
}
