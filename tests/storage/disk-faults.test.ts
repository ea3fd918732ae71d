import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type DiskFiles, diskFiles } from "../../services/storage/objects/disk/disk-files.ts";
import { openLocalDisk } from "../../services/storage/objects/disk/local-disk.ts";
import { createEncryptedStore } from "../../services/storage/objects/encrypted/encrypted-store.ts";
import type { ObjectKey, ObjectStore } from "../../services/storage/objects/object-store.ts";
import { failureOf } from "../lib/failure-of.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { filesIn, generated, mib, sha256 } from "./fixtures.ts";
import { memoryKeys } from "./org-keys.ts";

/** Something that a disk can do to an operation; undefined lets it happen. */
type Fault = (operation: string) => NodeJS.ErrnoException | undefined;

/** Files whose operations are recorded, and fail as the test says. */
function faultyFiles(fault: Fault, log: string[] = []): DiskFiles {
  const attempt = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    log.push(operation);
    const error = fault(operation);
    if (error) throw error;
    return work();
  };
  const named = (name: "link" | "mkdir" | "rename" | "rm" | "stat" | "statfs" | "utimes") =>
    ((...args: Parameters<DiskFiles[typeof name]>) =>
      attempt(name, () => (diskFiles[name] as (...given: unknown[]) => Promise<unknown>)(...args))) as never;
  return {
    link: named("link"),
    mkdir: named("mkdir"),
    rename: named("rename"),
    rm: named("rm"),
    stat: named("stat"),
    statfs: named("statfs"),
    utimes: named("utimes"),
    open: async (path, flags, mode) =>
      faultyHandle(await attempt("open", () => diskFiles.open(path, flags, mode)), attempt),
  };
}

type Attempt = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

const failing: readonly (string | symbol)[] = ["read", "write", "writev"];
const syncing: readonly (string | symbol)[] = ["sync", "datasync"];

/** Syncs are recorded and fail, but take no time. */
const faultyHandle = (handle: FileHandle, attempt: Attempt): FileHandle =>
  new Proxy(handle, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const bound = value.bind(target);
      if (syncing.includes(name)) return () => attempt(String(name), async () => {});
      return failing.includes(name)
        ? (...args: unknown[]) => attempt(String(name), () => bound(...args))
        : bound;
    },
  });

const fileError = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

/** Fails the operation with this number, and no other. */
function failOnce(number: number, code: string): Fault & { hasFailed: () => boolean } {
  let count = 0;
  const fault = () => {
    count += 1;
    return count === number ? fileError(code) : undefined;
  };
  return Object.assign(fault, { hasFailed: () => count >= number });
}

const small = generated(1000, 1);
const large = generated(mib + 300_000, 2);
const orgId = randomUUID();
const keyOf = (content: Buffer): ObjectKey => ({ orgId, sha256: sha256(content) });

async function publish(store: ObjectStore, content: Buffer): Promise<void> {
  await using upload = await store.startUpload({
    orgId,
    uploadId: randomUUID(),
    expectedBytes: content.length,
  });
  for (let at = 0; at < content.length; at += mib) await upload.write(content.subarray(at, at + mib));
  await upload.finish();
  await upload.publish(() => false);
}

const writes: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  "a small object": (store) => store.put(keyOf(small), small, () => false),
  "a large object": (store) => publish(store, large),
};

const contents: Readonly<Record<string, Buffer>> = { "a small object": small, "a large object": large };

async function bytesOf(store: ObjectStore, key: ObjectKey): Promise<Buffer | undefined> {
  await using object = await store.get(key);
  return object && Buffer.concat(await Array.fromAsync(object.read({ start: 0, end: object.sizeBytes })));
}

const plain = (disk: ObjectStore): ObjectStore => disk;
const keys = memoryKeys();
const encrypted = (disk: ObjectStore): ObjectStore => createEncryptedStore(disk, keys);

type Trial = {
  readonly open: (disk: ObjectStore) => ObjectStore;
  readonly write: (store: ObjectStore) => Promise<unknown>;
  readonly content: Buffer;
  /** The number of the operation that fails. */
  readonly number: number;
  readonly code: string;
  readonly reason: string | undefined;
};

/** Writes an object with one fault, and once more without. Returns false if a write has fewer operations. */
async function survives({ open, write, content, number, code, reason }: Trial): Promise<boolean> {
  await using folder = await temporaryFolder();
  {
    // The folders are there, as in all writes but the first.
    await using before = await openLocalDisk(
      folder.path,
      faultyFiles(() => undefined),
    );
    await write(open(before));
    await before.delete(keyOf(content), async () => false);
  }
  let fault: ReturnType<typeof failOnce> | undefined;
  const files = faultyFiles((operation) => fault?.(operation));
  await using disk = await openLocalDisk(folder.path, files);
  const store = open(disk);
  fault = failOnce(number, code);
  const failure = await write(store).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!fault.hasFailed()) return false;
  fault = undefined;
  if (failure && reason) expect(await failureOf(Promise.reject(failure))).toMatchObject({ reason });
  const seen = await bytesOf(store, keyOf(content));
  // It may be there although its write has failed, but only as a whole. A write that succeeded is there.
  expect(seen === undefined ? failure !== undefined : seen.equals(content)).toBe(true);
  await write(store);
  expect((await bytesOf(store, keyOf(content)))?.equals(content)).toBe(true);
  for (const id of await store.listUploads()) await store.deleteUpload(id);
  await store.deleteRemains(-1000);
  expect(await filesIn(folder.path)).toHaveLength(1);
  return true;
}

describe.each([
  ["plain", plain],
  ["encrypted", encrypted],
] as const)("%s", (_kind, open) => {
  describe.each(Object.keys(writes))("%s", (name) => {
    const write = writes[name] ?? (async () => {});
    const content = contents[name] ?? small;

    test.each([
      ["EIO", undefined],
      ["ENOSPC", "DISK_FULL"],
      ["EMFILE", "UPSTREAM_UNAVAILABLE"],
    ])(
      "Error: %s at any operation of a write fails it, and no part of the object is seen",
      async (code, reason) => {
        let faults = 0;
        while (await survives({ open, write, content, number: faults + 1, code, reason })) faults += 1;
        expect(faults).toBeGreaterThan(4);
      },
    );

    test("OK: writes that the disk cuts short are completed", async () => {
      await using folder = await temporaryFolder();
      const files = faultyFiles(() => undefined);
      let cuts = 0;
      const short: DiskFiles = {
        ...files,
        open: async (...args) => {
          const handle = await files.open(...args);
          return new Proxy(handle, {
            get(target, property) {
              if (property === "writev")
                return async (chunks: Buffer[], position: number) => {
                  cuts += 1;
                  const first = chunks[0] ?? Buffer.alloc(0);
                  const { bytesWritten } = await target.write(
                    first,
                    0,
                    Math.ceil(first.length / 2),
                    position,
                  );
                  return { bytesWritten, buffers: chunks };
                };
              if (property === "write")
                return (bytes: Buffer, offset: number, length: number, position: number) => {
                  cuts += 1;
                  return target.write(bytes, offset, Math.ceil(length / 2), position);
                };
              const value: unknown = Reflect.get(target, property, target);
              return typeof value === "function" ? value.bind(target) : value;
            },
          });
        },
      };
      await using disk = await openLocalDisk(folder.path, short);
      const store = open(disk);
      await write(store);
      expect((await bytesOf(store, keyOf(content)))?.equals(content)).toBe(true);
      expect(cuts).toBeGreaterThan(1);
    });

    test("OK: bytes and name are durable before the write is acknowledged", async () => {
      await using folder = await temporaryFolder();
      const log: string[] = [];
      await using disk = await openLocalDisk(
        folder.path,
        faultyFiles(() => undefined, log),
      );
      const store = open(disk);
      await write(store);
      log.length = 0;
      await disk.delete(keyOf(content), async () => false);
      log.length = 0;
      await write(store);
      const order = log.filter((operation) => /sync|link|rename|write/.test(operation));
      const last = (name: RegExp) => order.findLastIndex((operation) => name.test(operation));
      const named = last(/^(link|rename)$/);
      // Written, then synced, then named, then the name synced.
      expect(last(/^write/)).toBeLessThan(last(/^datasync$/));
      expect(last(/^datasync$/)).toBeLessThan(named);
      expect(named).toBeLessThan(last(/^sync$/));
    });
  });

  test("DataLoss: bytes that the disk can't read", async () => {
    await using folder = await temporaryFolder();
    let isBroken = false;
    const files = faultyFiles((operation) =>
      isBroken && operation === "read" ? fileError("EIO") : undefined,
    );
    await using disk = await openLocalDisk(folder.path, files);
    const store = open(disk);
    await publish(store, large);
    isBroken = true;
    expect(await failureOf(bytesOf(store, keyOf(large)))).toMatchObject({
      code: "DataLoss",
      reason: "CONTENT_CORRUPT",
    });
  });

  test("Unavailable: a process without a descriptor left reads again when it has one", async () => {
    await using folder = await temporaryFolder();
    let isFull = false;
    const files = faultyFiles((operation) =>
      isFull && operation === "open" ? fileError("EMFILE") : undefined,
    );
    await using disk = await openLocalDisk(folder.path, files);
    const store = open(disk);
    await publish(store, large);
    isFull = true;
    expect(await failureOf(bytesOf(store, keyOf(large)))).toMatchObject({ code: "Unavailable" });
    isFull = false;
    expect((await bytesOf(store, keyOf(large)))?.equals(large)).toBe(true);
  });
});
