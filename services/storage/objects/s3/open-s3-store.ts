import { createHash } from "node:crypto";
import type {
  IsSound,
  ObjectKey,
  ObjectStore,
  ObjectUpload,
  OpenObject,
  UploadStart,
} from "../object-store.ts";
import {
  type Bucket,
  checkBucket,
  deleteObject,
  headOf,
  listPaths,
  openBucket,
  putObject,
} from "./bucket.ts";
import { copyObject, type Source } from "./copy-object.ts";
import { asidesPath, keyOfAside, keyOfPath, newAsidePath, objectPath } from "./paths.ts";
import { readRange } from "./read-range.ts";
import { createRemains } from "./remains.ts";
import { type S3Limits, standardS3Limits } from "./s3-limits.ts";
import type { S3Credentials, S3Location } from "./s3-location.ts";
import { writeSegments } from "./write-segments.ts";
import { writeUnlessSound } from "./write-unless-sound.ts";

type S3Options = {
  readonly location: S3Location;
  readonly credentials: S3Credentials;
  readonly limits?: Partial<S3Limits>;
};

/**
 * Objects in a bucket of S3: `<org>/ab/cd/<hash>` below the prefix, uploads in `tmp/<id>.<n>`, objects being deleted in
 * `aside/<org>.<hash>.<id>`. Fingerprints are ETags. An upload is copied to its key within the bucket, because its hash is
 * known at its end only.
 */
export async function openS3Store({ location, credentials, limits = {} }: S3Options): Promise<ObjectStore> {
  using stack = new DisposableStack();
  const bucket = stack.use(openBucket(location, credentials, { ...standardS3Limits, ...limits }));
  await checkBucket(bucket);
  for await (const paths of listPaths(bucket, asidesPath(bucket)))
    for (const path of paths) await restore(bucket, path);
  const held = stack.move();
  return {
    put(key, bytes, isSound) {
      const path = objectPath(bucket, key);
      return writeUnlessSound(bucket, path, isSound, (condition) =>
        putObject(bucket, path, bytes, condition),
      );
    },
    startUpload: async (upload) => startUpload(bucket, upload),
    head: (key) => headOf(bucket, objectPath(bucket, key)),
    get: (key) => openObject(bucket, key),
    delete: (key, isUsed) => deleteUnlessUsed(bucket, key, isUsed),
    async *list() {
      for await (const paths of listPaths(bucket, bucket.prefix))
        yield paths.map((path) => keyOfPath(bucket, path)).filter((key) => key !== undefined);
    },
    ...createRemains(bucket),
    async [Symbol.asyncDispose]() {
      held.dispose();
    },
  };
}

function startUpload(bucket: Bucket, { orgId, uploadId, isSealed = false }: UploadStart): ObjectUpload {
  const writer = writeSegments(bucket, uploadId);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let sha256 = "";
  let segments: readonly Source[] = [];
  return {
    async write(chunk) {
      if (!isSealed) hash.update(chunk);
      sizeBytes += chunk.length;
      await writer.write(chunk);
    },
    async finish(given) {
      segments = await writer.finish();
      sha256 = given ?? hash.digest("hex");
      return { sha256, sizeBytes };
    },
    async publish(isSound) {
      const path = objectPath(bucket, { orgId, sha256 });
      const existing = await headOf(bucket, path);
      if (existing && isSound(existing)) return existing.fingerprint;
      const write = (condition: object) => copyObject(bucket, segments, path, condition);
      return writeUnlessSound(bucket, path, isSound, write, existing);
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

async function openObject(bucket: Bucket, key: ObjectKey): Promise<OpenObject | undefined> {
  const path = objectPath(bucket, key);
  const head = await headOf(bucket, path);
  if (!head) return undefined;
  return {
    ...head,
    read: (span) => readRange(bucket, path, head, span),
    async [Symbol.asyncDispose]() {},
  };
}

/** Hides the object before `isUsed` is asked, as the local disk does. */
async function deleteUnlessUsed(
  bucket: Bucket,
  key: ObjectKey,
  isUsed: () => Promise<boolean>,
): Promise<void> {
  const path = objectPath(bucket, key);
  const aside = newAsidePath(bucket, key);
  if (!(await copyTo(bucket, path, aside, {}))) return;
  await deleteObject(bucket, path);
  let used = true;
  try {
    used = await isUsed();
  } finally {
    if (used) await restore(bucket, aside);
    else await deleteObject(bucket, aside);
  }
}

/** Puts an object back, unless an equal one was published there since. */
async function restore(bucket: Bucket, aside: string): Promise<void> {
  const key = keyOfAside(bucket, aside);
  if (!key) return;
  const path = objectPath(bucket, key);
  const keep: IsSound = () => true;
  if (!(await headOf(bucket, path))) {
    await writeUnlessSound(bucket, path, keep, async (condition) => {
      const etag = await copyTo(bucket, aside, path, condition);
      return etag ?? "";
    });
  }
  await deleteObject(bucket, aside);
}

/** Returns the ETag; undefined if there is nothing to copy. */
async function copyTo(
  bucket: Bucket,
  from: string,
  to: string,
  condition: object,
): Promise<string | undefined> {
  const head = await headOf(bucket, from);
  if (!head) return undefined;
  const { sizeBytes, fingerprint: etag } = head;
  return copyObject(bucket, [{ path: from, sizeBytes, etag }], to, condition);
}
