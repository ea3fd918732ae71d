import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type {
  IsSound,
  ObjectKey,
  ObjectStore,
  OpenObject,
} from "../../services/storage/objects/object-store.ts";
import { generated, kib, mib, sha256 } from "./fixtures.ts";

/** A store for one test, with direct access to its bytes. */
export type StoreUnderTest = AsyncDisposable & {
  readonly store: ObjectStore;
  /** Opens a second store on the same objects, like another process. */
  reopen(): Promise<ObjectStore>;
  /** Replaces the stored bytes of an object. */
  damage(key: ObjectKey, bytes: Buffer): Promise<void>;
  /** Keys of everything that is stored, objects or not, in the notation of the store. */
  keys(): Promise<string[]>;
};

const content = Buffer.from("some content");
const orgId = randomUUID();
const keyOf = (bytes: Buffer): ObjectKey => ({ orgId, sha256: sha256(bytes) });
const key = keyOf(content);
const damaged = Buffer.from("damaged bytes");

const put = (store: ObjectStore, bytes: Buffer = content, isSound: IsSound = () => true) =>
  store.put(keyOf(bytes), bytes, isSound);

async function publish(store: ObjectStore, bytes: Buffer = content, isSound: IsSound = () => true) {
  await using upload = await store.startUpload({
    orgId,
    uploadId: randomUUID(),
    expectedBytes: bytes.length,
  });
  await upload.write(bytes);
  await upload.finish();
  return await upload.publish(isSound);
}

async function bytesOf(
  object: OpenObject | undefined,
  start = 0,
  end = object?.sizeBytes ?? 0,
): Promise<Buffer> {
  const chunks = object ? await Array.fromAsync(object.read({ start, end })) : [];
  return Buffer.concat(chunks);
}

async function readBack(store: ObjectStore, of = key): Promise<string | undefined> {
  await using object = await store.get(of);
  return object && (await bytesOf(object)).toString();
}

const keysIn = async (store: ObjectStore) =>
  (await Array.fromAsync(store.list())).flat().sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));

/** The behaviour of every object store. */
export function objectStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  for (const [verb, write] of [
    ["put", put],
    ["published", publish],
  ] as const) {
    test(`OK: ${name}: what is ${verb} is found under its key, by its fingerprint, and listed`, async () => {
      await using under = await open();
      const { store } = under;
      const fingerprint = await write(store);
      const head = { sizeBytes: content.length, fingerprint };
      expect(await store.head(key)).toEqual(head);
      await using object = await store.get(key);
      expect(object).toMatchObject(head);
      expect((await bytesOf(object)).equals(content)).toBe(true);
      expect(await keysIn(store)).toEqual([key]);
      expect(await under.keys()).toHaveLength(1);
    });

    test.each([
      ["stays if it is sound", true, "damaged bytes"],
      ["is replaced if it is not", false, "some content"],
    ])(`OK: ${name}: an object that is there when it is ${verb} again %s`, async (_, sound, expected) => {
      await using under = await open();
      const { store } = under;
      await write(store);
      await under.damage(key, damaged);
      const existing = await store.head(key);
      const asked: unknown[] = [];
      const fingerprint = await write(store, content, (head) => {
        asked.push(head);
        return sound;
      });
      expect(asked).toEqual([expect.objectContaining(existing ?? {})]);
      expect(await readBack(store)).toBe(expected);
      expect((await store.head(key))?.fingerprint).toBe(fingerprint);
      expect(fingerprint === existing?.fingerprint).toBe(sound);
      expect(await under.keys()).toHaveLength(1);
    });
  }

  test(`OK: ${name}: nothing is there under a key that was never stored`, async () => {
    await using under = await open();
    const { store } = under;
    expect([await store.head(key), await store.get(key), await keysIn(store)]).toEqual([
      undefined,
      undefined,
      [],
    ]);
    await store.delete(key, async () => false);
    await store.deleteUpload(randomUUID());
    await store.deleteRemains(0);
  });

  test(`OK: ${name}: chunks of any size are written in order, and hashed as a whole`, async () => {
    await using under = await open();
    const { store } = under;
    const sizes = [1, 16 * kib, 16 * kib + 1, 0, 3, 64 * kib, 16 * kib, 16 * kib, 1, mib, 5];
    const chunks = [...sizes, ...sizes, ...sizes].map((size, seed) => generated(size, seed + 1));
    const whole = Buffer.concat(chunks);
    await using upload = await store.startUpload({ orgId, uploadId: randomUUID(), expectedBytes: 0 });
    for (const chunk of chunks) await upload.write(chunk);
    expect(await upload.finish()).toEqual({ sha256: sha256(whole), sizeBytes: whole.length });
    await upload.publish(() => true);
    await using object = await store.get(keyOf(whole));
    expect((await bytesOf(object)).equals(whole)).toBe(true);
  });

  test.each([
    ["from the middle", 100_001, 700_003],
    ["of one byte", 0, 1],
    ["to the end", mib - 1, mib + 1],
    ["beyond the end", mib, mib + 1000],
    ["behind the end", 2 * mib, 2 * mib + 10],
    ["without bytes", 5, 5],
  ])(`OK: ${name}: a range %s has the bytes that are there`, async (_, start, end) => {
    await using under = await open();
    const { store } = under;
    const bytes = generated(mib + 1, 7);
    await put(store, bytes);
    await using object = await store.get(keyOf(bytes));
    expect((await bytesOf(object, start, end)).equals(bytes.subarray(start, end))).toBe(true);
  });

  test(`OK: ${name}: an object without bytes is one`, async () => {
    await using under = await open();
    const { store } = under;
    const empty = Buffer.alloc(0);
    const fingerprint = await publish(store, empty);
    expect(await store.head(keyOf(empty))).toEqual({ sizeBytes: 0, fingerprint });
    await using object = await store.get(keyOf(empty));
    expect(await bytesOf(object, 0, 10)).toHaveLength(0);
  });

  test(`OK: ${name}: a reader that stops early leaves the store usable`, async () => {
    await using under = await open();
    const { store } = under;
    const bytes = generated(4 * mib, 8);
    await put(store, bytes);
    await using object = await store.get(keyOf(bytes));
    for await (const chunk of object?.read({ start: 0, end: bytes.length }) ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect((await bytesOf(object)).equals(bytes)).toBe(true);
  });

  test(`OK: ${name}: an upload is invisible until it is published, and another process can find and delete it`, async () => {
    await using under = await open();
    const { store } = under;
    const id = randomUUID();
    await using upload = await store.startUpload({ orgId, uploadId: id, expectedBytes: 0 });
    await upload.write(content);
    await upload.finish();
    expect([await store.head(key), await keysIn(store)]).toEqual([undefined, []]);
    await using other = await under.reopen();
    expect(await other.listUploads()).toEqual([id]);
    await other.deleteUpload(id);
    expect(await store.listUploads()).toEqual([]);
    await expect(upload.publish(() => true)).rejects.toThrow();
    expect(await keysIn(store)).toEqual([]);
  });

  test.each([
    ["in the middle", false],
    ["when it is finished", true],
  ])(`OK: ${name}: an upload that is given up %s leaves nothing`, async (_, isFinished) => {
    await using under = await open();
    const { store } = under;
    {
      await using upload = await store.startUpload({ orgId, uploadId: randomUUID(), expectedBytes: 0 });
      await upload.write(generated(3 * mib, 9));
      if (isFinished) await upload.finish();
    }
    expect([await store.listUploads(), await under.keys()]).toEqual([[], []]);
  });

  test(`OK: ${name}: of two uploads of the same content one object comes to be`, async () => {
    await using under = await open();
    const { store } = under;
    const fingerprints = [await publish(store), await put(store), await publish(store)];
    expect(new Set(fingerprints).size).toBe(1);
    expect(await under.keys()).toHaveLength(1);
  });

  test(`OK: ${name}: the same bytes in two organisations are two objects, each damaged and deleted alone`, async () => {
    await using under = await open();
    const { store } = under;
    const other = { ...key, orgId: randomUUID() };
    await put(store);
    expect([await store.head(other), await store.get(other)]).toEqual([undefined, undefined]);
    await store.put(other, content, () => true);
    expect(await under.keys()).toHaveLength(2);
    await under.damage(key, damaged);
    expect([await readBack(store), await readBack(store, other)]).toEqual(["damaged bytes", "some content"]);
    await store.delete(key, async () => false);
    expect([await keysIn(store), await readBack(store, other)]).toEqual([[other], "some content"]);
  });

  test(`OK: ${name}: every object is listed once, over several pages`, async () => {
    await using under = await open();
    const { store } = under;
    const contents = Array.from({ length: 7 }, (_, seed) => generated(10, seed + 1));
    for (const bytes of contents) await put(store, bytes);
    expect(await keysIn(store)).toEqual(contents.map(keyOf).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1)));
  });

  test(`OK: ${name}: an object that nobody uses is deleted, once and again`, async () => {
    await using under = await open();
    const { store } = under;
    await publish(store);
    for (let time = 0; time < 2; time += 1) await store.delete(key, async () => false);
    expect([await store.head(key), await readBack(store), await under.keys()]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });

  test(`OK: ${name}: an object that proves to be in use while it is invisible is put back`, async () => {
    await using under = await open();
    const { store } = under;
    await publish(store);
    // A store may keep what it has read open for the next reader.
    expect(await readBack(store)).toBe("some content");
    let within: unknown;
    await store.delete(key, async () => {
      within = [await store.head(key), await readBack(store)];
      return true;
    });
    expect([within, await readBack(store)]).toEqual([[undefined, undefined], "some content"]);
    expect(await under.keys()).toHaveLength(1);
  });

  test(`OK: ${name}: an object is put back when nobody can say whether it is in use`, async () => {
    await using under = await open();
    const { store } = under;
    await publish(store);
    const lost = store.delete(key, async () => {
      throw new Error("the connection is lost, and the lock with it");
    });
    await expect(lost).rejects.toThrow("the connection is lost");
    expect(await readBack(store)).toBe("some content");
  });

  test.each([true, false])(
    `OK: ${name}: an object that is published while it is deleted stays, used: %o`,
    async (used) => {
      await using under = await open();
      const { store } = under;
      await publish(store);
      await store.delete(key, async () => {
        await publish(store);
        return used;
      });
      expect(await readBack(store)).toBe("some content");
      expect(await under.keys()).toHaveLength(1);
    },
  );

  test(`OK: ${name}: a reader of an object that is deleted or replaced never gets other bytes`, async () => {
    await using under = await open();
    const { store } = under;
    await put(store);
    await using object = await store.get(key);
    await store.delete(key, async () => false);
    expect(["some content", ""]).toContain((await bytesOf(object)).toString());
    await put(store);
    await using replaced = await store.get(key);
    await under.damage(key, damaged);
    expect(["some content", ""]).toContain((await bytesOf(replaced)).toString());
    await put(store, content, () => false);
    expect(["some content", ""]).toContain((await bytesOf(replaced)).toString());
  });

  test(`OK: ${name}: what one process has stored another one reads`, async () => {
    await using under = await open();
    await publish(under.store);
    await using other = await under.reopen();
    expect(await readBack(other)).toBe("some content");
  });

  test(`OK: ${name}: two processes delete an object at once while a third one reads it`, async () => {
    await using under = await open();
    await using first = await under.reopen();
    await using second = await under.reopen();
    const bytes = generated(6 * mib, 12);
    const own = keyOf(bytes);
    await put(under.store, bytes);
    await using object = await under.store.get(own);
    const chunks = object?.read({ start: 0, end: bytes.length });
    const begun = await chunks?.next();
    await Promise.all([first, second].map((store) => store.delete(own, async () => false)));
    const rest = await Array.fromAsync(chunks ?? []);
    const read = Buffer.concat([begun?.value ?? Buffer.alloc(0), ...rest]);
    // All of it, or less: never a byte of another place or object.
    expect(read.length).toBeGreaterThan(0);
    expect(read.equals(bytes.subarray(0, read.length))).toBe(true);
    expect([await under.store.head(own), await under.keys()]).toEqual([undefined, []]);
  });
}
