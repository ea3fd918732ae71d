import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Span } from "../../lib/content/byte-range.ts";
import { contentCorrupt } from "../errors.ts";
import type { BlobStore, Content, OpenBlob } from "./object-store.ts";
import { readPieces } from "./read-chunks.ts";

/** How many contents are remembered as verified. */
const verifiedMax = 100_000;
/** For how long: a disk may lose bytes that nobody has written to. In milliseconds. */
const verifiedMs = 24 * 60 * 60 * 1000;

/** Content that leaves only after it was compared with its hash. Everything in it may throw contentCorrupt. */
export type VerifiedContent = {
  /** Id of the folder that the paths of content are below. */
  readonly folderId: string;
  open(content: Content): Promise<OpenContent>;
  /** Reads all bytes again, whether or not they were verified before, and answers their SHA-512 in hexadecimal. */
  sha512(content: Content): Promise<string>;
  /** Whether stored bytes with this fingerprint were verified before, or written by this process. */
  isVerified(sha256: string, fingerprint: string): boolean;
  setVerified(sha256: string, fingerprint: string): void;
};

type OpenContent = AsyncDisposable & {
  /** All bytes, hashed on their way; the last piece is held back until the hash has proved right. */
  readAll(): AsyncGenerator<Uint8Array, void>;
  /** Some bytes of a content that was verified as a whole. */
  readSpan(span: Span): AsyncGenerator<Uint8Array, void>;
  /** Where a content lies that was verified as a whole. */
  locate(): Promise<Pick<OpenBlob, "path" | "fingerprint">>;
};

/**
 * Reads from a store what has the hash that it is stored under.
 *
 * A range can't be compared with the hash of the whole. Parquet readers ask for many small ones, and hashing the whole
 * for each would cost a thousand times what they read; so a content is hashed once, and again only when its
 * fingerprint shows that somebody wrote to the stored bytes since.
 */
export function createVerifiedContent(store: Pick<BlobStore, "open" | "folderId">): VerifiedContent {
  const verified = new LRUCache<string, string>({ max: verifiedMax, ttl: verifiedMs });
  const verifying = new Map<string, Promise<void>>();
  const hashing = new Map<string, Promise<string>>();
  const isVerified = (sha256: string, fingerprint: string) => verified.get(sha256) === fingerprint;

  const verify = async (content: Content, { fingerprint }: OpenBlob): Promise<void> => {
    if (isVerified(content.sha256, fingerprint)) return;
    await shared(verifying, `${content.sha256} ${fingerprint}`, () => verifyWhole(store, content));
    verified.set(content.sha256, fingerprint);
  };

  return {
    folderId: store.folderId,
    isVerified,
    setVerified: (sha256, fingerprint) => void verified.set(sha256, fingerprint),
    async sha512(content) {
      await using blob = await openWhole(store, content);
      const key = `${content.sha256} ${blob.fingerprint}`;
      // A disk may have lost bytes that nobody wrote to: if so, an upload of the same content has to replace them.
      verified.delete(content.sha256);
      const sha512 = await shared(hashing, key, () => hashWhole(store, content));
      verified.set(content.sha256, blob.fingerprint);
      return sha512;
    },
    async open(content) {
      const blob = await openWhole(store, content);
      return {
        async *readAll() {
          yield* readHashed(blob, content);
          verified.set(content.sha256, blob.fingerprint);
        },
        async *readSpan(span) {
          await verify(content, blob);
          yield* readCounted(blob, content, span);
        },
        async locate() {
          await verify(content, blob);
          return blob;
        },
        [Symbol.asyncDispose]: blob[Symbol.asyncDispose],
      };
    },
  };
}

/** Work that whoever asks for it meanwhile shares. */
async function shared<T>(running: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const result = running.get(key) ?? work();
  running.set(key, result);
  try {
    return await result;
  } finally {
    running.delete(key);
  }
}

async function openWhole(store: Pick<BlobStore, "open">, { sha256, sizeBytes }: Content): Promise<OpenBlob> {
  const blob = await store.open(sha256);
  if (blob?.sizeBytes === sizeBytes) return blob;
  await blob?.[Symbol.asyncDispose]();
  throw contentCorrupt(sha256);
}

/** Has the content open for itself: whoever asked first may go away before it is through. */
async function verifyWhole(store: Pick<BlobStore, "open">, content: Content): Promise<void> {
  await using blob = await openWhole(store, content);
  for await (const _piece of readHashed(blob, content));
}

/** As `verifyWhole`, with the SHA-512 of what it has read. */
async function hashWhole(store: Pick<BlobStore, "open">, content: Content): Promise<string> {
  await using blob = await openWhole(store, content);
  const hash = createHash("sha512");
  for await (const piece of readHashed(blob, content)) hash.update(piece);
  return hash.digest("hex");
}

async function* readHashed(blob: OpenBlob, { sha256, sizeBytes }: Content): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  let readBytes = 0;
  for await (const piece of readPieces(blob, { start: 0, end: sizeBytes })) {
    hash.update(piece);
    readBytes += piece.length;
    if (readBytes === sizeBytes && hash.digest("hex") !== sha256) throw contentCorrupt(sha256);
    yield piece;
  }
  if (readBytes < sizeBytes) throw contentCorrupt(sha256);
}

async function* readCounted(
  blob: OpenBlob,
  { sha256 }: Content,
  span: Span,
): AsyncGenerator<Uint8Array, void> {
  let missingBytes = span.end - span.start;
  for await (const piece of readPieces(blob, span)) {
    missingBytes -= piece.length;
    yield piece;
  }
  if (missingBytes > 0) throw contentCorrupt(sha256);
}
