import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Span } from "../../lib/content/byte-range.ts";
import { contentCorrupt } from "../errors.ts";
import type { ObjectKey, ObjectStore, OpenObject, StoredContent } from "./object-store.ts";

/** Number of fingerprints that are remembered as verified. */
const verifiedMax = 100_000;
/** How long they are trusted, in milliseconds: disks can lose bytes without a write. */
const verifiedMs = 24 * 60 * 60 * 1000;

/** Content that leaves only after its hash was checked. Every function may throw contentCorrupt. */
export type VerifiedContent = {
  /** Id of the folder that objects are lent from; undefined if the store does not lend. */
  readonly folderId: string | undefined;
  open(content: StoredContent): Promise<OpenContent>;
  /** Reads all bytes again, even if they were verified before, and returns their SHA-512 in hexadecimal. */
  sha512(content: StoredContent): Promise<string>;
  /** Whether stored bytes with this fingerprint were verified or written by this process. */
  isVerified(key: ObjectKey, fingerprint: string): boolean;
  setVerified(key: ObjectKey, fingerprint: string): void;
  /** Makes everybody verify an object again: it has proved to be damaged. */
  distrust(key: ObjectKey): Promise<void>;
};

export type OpenContent = AsyncDisposable & {
  /** All bytes, hashed while they are read. The last chunk is held back until the hash has proved right. */
  readAll(): AsyncGenerator<Uint8Array, void>;
  /** A range of content that is verified as a whole first. Each part of an encrypted one proves itself. */
  readSpan(span: Span): AsyncGenerator<Uint8Array, void>;
  /** Where the content is in the lent folder, verified as a whole or encrypted. Only if there is a `folderId`. */
  locate(): Promise<{ path: string; fingerprint: string; dataKey: Uint8Array }>;
};

type Store = Pick<ObjectStore, "get" | "lend" | "distrust">;

const noKey = new Uint8Array();

/**
 * Reads objects from a store and checks their hash.
 *
 * A range cannot be compared with the hash of the whole. Parquet readers request many small ranges, and hashing the whole
 * object for each would cost a thousand times the read itself. So an object is hashed once, and again only after its
 * fingerprint has changed.
 */
export function createVerifiedContent(store: Store): VerifiedContent {
  const verified = new LRUCache<string, string>({ max: verifiedMax, ttl: verifiedMs });
  const verifying = new Map<string, Promise<void>>();
  const hashing = new Map<string, Promise<string>>();
  const isVerified = (key: ObjectKey, fingerprint: string) => verified.get(textOf(key)) === fingerprint;
  const setVerified = (key: ObjectKey, fingerprint: string) => void verified.set(textOf(key), fingerprint);

  const verify = async (content: StoredContent, { fingerprint, seal }: OpenObject): Promise<void> => {
    if (seal || isVerified(content, fingerprint)) return;
    await shareWork(verifying, `${textOf(content)} ${fingerprint}`, () => verifyWhole(store, content));
    setVerified(content, fingerprint);
  };

  return {
    folderId: store.lend?.folderId,
    isVerified,
    setVerified,
    async distrust(key) {
      verified.delete(textOf(key));
      await store.distrust?.(key);
    },
    async sha512(content) {
      await using object = await openWhole(store, content);
      const key = `${textOf(content)} ${object.fingerprint}`;
      // A disk can have lost bytes without a write. An upload of the same content then has to replace them.
      verified.delete(textOf(content));
      const sha512 = await shareWork(hashing, key, () => hashWhole(store, content));
      setVerified(content, object.fingerprint);
      return sha512;
    },
    async open(content) {
      const object = await openWhole(store, content);
      return {
        async *readAll() {
          yield* readHashed(object, content);
          setVerified(content, object.fingerprint);
        },
        async *readSpan(span) {
          await verify(content, object);
          yield* readCounted(object, content, span);
        },
        async locate() {
          if (!store.lend) throw new Error("the store lends no files");
          await verify(content, object);
          const { fingerprint, seal } = object;
          return { path: store.lend.pathOf(content), fingerprint, dataKey: seal?.dataKey ?? noKey };
        },
        [Symbol.asyncDispose]: object[Symbol.asyncDispose],
      };
    },
  };
}

const textOf = ({ orgId, sha256 }: ObjectKey): string => `${orgId}/${sha256}`;

/** Joins work that is running under this key, or starts it. */
async function shareWork<T>(
  running: Map<string, Promise<T>>,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const result = running.get(key) ?? work();
  running.set(key, result);
  try {
    return await result;
  } finally {
    running.delete(key);
  }
}

async function openWhole(store: Store, content: StoredContent): Promise<OpenObject> {
  const object = await store.get(content);
  if (object?.sizeBytes === content.sizeBytes) return object;
  await object?.[Symbol.asyncDispose]();
  throw contentCorrupt(content.sha256);
}

/** Opens the object for itself: the first caller may go away before the shared work is done. */
async function verifyWhole(store: Store, content: StoredContent): Promise<void> {
  await using object = await openWhole(store, content);
  for await (const _chunk of readHashed(object, content));
}

/** Verifies like `verifyWhole`, and computes the SHA-512 of the same bytes. */
async function hashWhole(store: Store, content: StoredContent): Promise<string> {
  await using object = await openWhole(store, content);
  const hash = createHash("sha512");
  for await (const chunk of readHashed(object, content)) hash.update(chunk);
  return hash.digest("hex");
}

async function* readHashed(
  object: OpenObject,
  { sha256, sizeBytes }: StoredContent,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  let readBytes = 0;
  for await (const chunk of object.read({ start: 0, end: sizeBytes })) {
    hash.update(chunk);
    readBytes += chunk.length;
    if (readBytes === sizeBytes && hash.digest("hex") !== sha256) throw contentCorrupt(sha256);
    yield chunk;
  }
  if (readBytes < sizeBytes) throw contentCorrupt(sha256);
}

async function* readCounted(
  object: OpenObject,
  { sha256 }: StoredContent,
  span: Span,
): AsyncGenerator<Uint8Array, void> {
  let missingBytes = span.end - span.start;
  for await (const chunk of object.read(span)) {
    missingBytes -= chunk.length;
    yield chunk;
  }
  if (missingBytes > 0) throw contentCorrupt(sha256);
}
