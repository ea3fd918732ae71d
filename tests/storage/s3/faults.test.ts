import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../../services/storage/objects/object-store.ts";
import { forFile } from "../../lib/for-file.ts";
import { principal } from "../../lib/test-mesh.ts";
import {
  download,
  failureOf,
  generated,
  mib,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "../fixtures.ts";
import { type FaultyProxy, startFaultyProxy } from "./faulty-proxy.ts";
import { type BucketUnderTest, openBucketUnderTest } from "./open-bucket.ts";
import { hasS3, s3Missing, startS3Server } from "./s3-server.ts";

/** Short, since the tests wait for them, but far above what a busy machine needs. */
const impatient = { requestMs: 1000, transferMs: 2000, idleMs: 1000, attemptsMax: 3 };
const orgId = randomUUID();
const content = generated(12 * mib, 5);
const key = { orgId, sha256: sha256(content) };
const unavailable = { code: "Unavailable", reason: "UPSTREAM_UNAVAILABLE" };

type Scene = AsyncDisposable & {
  readonly under: BucketUnderTest;
  readonly proxy: FaultyProxy;
  /** Reaches the bucket through the proxy. */
  readonly store: ObjectStore;
};

async function publish(store: ObjectStore): Promise<string> {
  const start = { orgId, uploadId: randomUUID(), expectedBytes: content.length };
  await using upload = await store.startUpload(start);
  await upload.write(content);
  await upload.finish();
  return await upload.publish(() => false);
}

async function read(store: ObjectStore, start = 0, end = content.length): Promise<Buffer | undefined> {
  await using object = await store.get(key);
  return object && Buffer.concat(await Array.fromAsync(object.read({ start, end })));
}

describe.skipIf(!hasS3)(`S3 with faults${s3Missing}`, () => {
  const server = forFile(startS3Server);

  async function openScene(): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const under = stack.use(await openBucketUnderTest(server()));
    const proxy = stack.use(await startFaultyProxy(server().url));
    const store = stack.use(await under.openAt(proxy.url, impatient));
    const owned = stack.move();
    return { under, proxy, store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  test.each([
    ["503", { status: 503 }],
    ["429", { status: 429 }],
    ["a hanging response", "hang"],
    ["a response that is lost", "lost"],
  ] as const)("OK: every request of an upload is repeated once after %s", async (_, fault) => {
    await using scene = await openScene();
    for (const [method, path] of [
      ["HEAD", /[\da-f]{64}/],
      ["POST", /\?uploads/],
      ["PUT", /partNumber=2/],
      ["POST", /\?uploadId/],
      ["PUT", /[\da-f]{64}/],
      ["DELETE", /tmp/],
    ] as const)
      scene.proxy.spoil(method, path, fault, 1);
    await publish(scene.store);
    expect(scene.proxy.spoilt).toHaveLength(6);
    expect((await read(scene.under.store))?.equals(content)).toBe(true);
    expect(await scene.under.keys()).toHaveLength(1);
  });

  test.each([
    ["at its first request", "POST", /\?uploads/],
    ["at a part", "PUT", /partNumber=2&uploadId/],
    ["at its end", "POST", /tmp.*\?uploadId/],
    ["while it is copied", "PUT", /[\da-f]{64}\?partNumber/],
    ["while it appears", "POST", /[\da-f]{64}\?uploadId/],
  ] as const)("Unavailable: an upload %s leaves no object, and works later", async (_, method, path) => {
    await using scene = await openScene();
    scene.proxy.spoil(method, path, { status: 503 });
    expect(await failureOf(publish(scene.store))).toMatchObject(unavailable);
    expect(await scene.under.keys()).toEqual([]);
    scene.proxy.heal();
    await publish(scene.store);
    expect((await read(scene.under.store))?.equals(content)).toBe(true);
  });

  test("OK: an object that another process writes at the same time is looked at again after 412", async () => {
    await using scene = await openScene();
    const small = generated(1000, 6);
    const own = { orgId, sha256: sha256(small) };
    // 412 for nothing, then a real one: the first look finds no object, and the second one the other process's.
    scene.proxy.spoil("PUT", /[\da-f]{64}/, { status: 412 }, 1);
    const fingerprint = await scene.store.put(own, small, () => false);
    expect((await scene.under.store.head(own))?.fingerprint).toBe(fingerprint);
    const kept = await scene.store.put(own, small, (existing) => existing.fingerprint === fingerprint);
    expect(kept).toBe(fingerprint);
  });

  test("Unavailable: 412 for ever ends, and replaces nothing", async () => {
    await using scene = await openScene();
    const small = generated(1000, 7);
    const own = { orgId, sha256: sha256(small) };
    scene.proxy.spoil("PUT", /[\da-f]{64}/, { status: 412 });
    expect(await failureOf(scene.store.put(own, small, () => false))).toMatchObject(unavailable);
    expect(scene.proxy.spoilt).toHaveLength(impatient.attemptsMax);
    expect(await scene.under.store.head(own)).toBeUndefined();
  });

  test("ResourceExhausted: a bucket without space", async () => {
    await using scene = await openScene();
    scene.proxy.spoil("PUT", /./, { status: 507 });
    const refused = { code: "ResourceExhausted", reason: "DISK_FULL" };
    expect(await failureOf(publish(scene.store))).toMatchObject(refused);
  });

  test.each(["broken", "stalled", "short"] as const)(
    "OK: a read whose response is %s goes on where it ended, with no byte twice or missing",
    async (fault) => {
      await using scene = await openScene();
      await publish(scene.under.store);
      scene.proxy.spoil("GET", /[\da-f]{64}/, fault, 2);
      expect((await read(scene.store))?.equals(content)).toBe(true);
      expect(scene.proxy.spoilt).toHaveLength(2);
      scene.proxy.spoil("GET", /[\da-f]{64}/, fault, 2);
      const range = content.subarray(100_001, 7_000_003);
      expect((await read(scene.store, 100_001, 7_000_003))?.equals(range)).toBe(true);
    },
  );

  test.each(["broken", "stalled", "short", "hang", "lost", { status: 503 }] as const)(
    "Unavailable: a read whose responses are all %j",
    async (fault) => {
      await using scene = await openScene();
      const small = generated(100_000, 8);
      const own = { orgId, sha256: sha256(small) };
      await scene.under.store.put(own, small, () => false);
      scene.proxy.spoil("GET", /[\da-f]{64}/, fault);
      await using object = await scene.store.get(own);
      const reading = Array.fromAsync(object?.read({ start: 0, end: small.length }) ?? []);
      expect(await failureOf(reading)).toMatchObject(unavailable);
    },
  );

  test.each([
    ["503", { status: 503 }],
    ["silence", "hang"],
  ] as const)(
    "Unavailable: no object is deleted or said to be missing while there is %s",
    async (_, fault) => {
      await using scene = await openScene();
      const small = generated(1000, 9);
      const own = { orgId, sha256: sha256(small) };
      await scene.under.store.put(own, small, () => false);
      for (const method of ["HEAD", "GET", "PUT", "DELETE"]) scene.proxy.spoil(method, /./, fault);
      const work = [
        scene.store.head(own),
        scene.store.get(own),
        scene.store.delete(own, async () => false),
        scene.store.listUploads(),
        Array.fromAsync(scene.store.list()),
      ];
      for (const failure of await Promise.all(work.map(failureOf)))
        expect(failure).toMatchObject(unavailable);
      expect(await scene.under.store.head(own)).toMatchObject({ sizeBytes: 1000 });
    },
  );

  test("OK: a deletion that breaks off in the middle loses nothing: the next start puts the object back", async () => {
    await using scene = await openScene();
    await publish(scene.under.store);
    // The object is gone and nobody can say whether it is used; then nothing can be put back.
    const lost = scene.store.delete(key, async () => {
      for (const method of ["PUT", "POST", "HEAD"]) scene.proxy.spoil(method, /./, { status: 503 });
      throw new Error("the connection is lost");
    });
    expect(await failureOf(lost)).toMatchObject(unavailable);
    expect(await scene.under.store.head(key)).toBeUndefined();
    await using _next = await scene.under.reopen();
    expect((await read(scene.under.store))?.equals(content)).toBe(true);
    expect(await scene.under.keys()).toHaveLength(1);
  });

  test("OK: the service's callers get errors or right bytes, and uploads leave nothing half done", async () => {
    await using scene = await openScene();
    await using storage = await startStorage({}, async () => scene.under.openAt(scene.proxy.url, impatient));
    const who = principal();
    const { fileId } = await upload(storage, who, { content });
    scene.proxy.spoil("GET", /[\da-f]{64}/, "broken", 1);
    expect((await download(storage, who, { fileId })).bytes.equals(content)).toBe(true);
    // Read whole for the first time by another process, which then has to hash it before it answers a range.
    await using other = await startStorage({}, async () => scene.under.openAt(scene.proxy.url, impatient));
    expect(await failureOf(download(other, who, { fileId }))).toMatchObject({ code: "NotFound" });
    scene.proxy.spoil("GET", /[\da-f]{64}/, "flipped");
    const corrupt = { code: "DataLoss", reason: "CONTENT_CORRUPT" };
    expect(await failureOf(download(storage, who, { fileId }))).toMatchObject(corrupt);
    scene.proxy.heal();
    for (const method of ["HEAD", "GET", "PUT", "POST"]) scene.proxy.spoil(method, /./, { status: 503 });
    expect(await failureOf(download(storage, who, { fileId }))).toMatchObject(unavailable);
    for (const size of [1000, 6 * mib])
      expect(await failureOf(upload(storage, who, { content: generated(size, 11) }))).toMatchObject(
        unavailable,
      );
    scene.proxy.heal();
    expect(await usageOf(storage, who)).toEqual(usage(content.length, 1));
    expect((await download(storage, who, { fileId })).bytes.equals(content)).toBe(true);
    expect(await scene.under.keys()).toHaveLength(1);
  });
});
