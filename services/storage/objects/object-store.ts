import type { Span } from "../../lib/content/byte-range.ts";

/** The key of an object, its SHA-256 in 64 lower-case hexadecimal digits, and its size. */
export type Content = { readonly sha256: string; readonly sizeBytes: number };

/** Metadata of a stored object. */
export type ObjectHead = {
  readonly sizeBytes: number;
  /** Changes with every write to the stored bytes, like an ETag, even if the new bytes are the same. */
  readonly fingerprint: string;
};

/** Decides whether stored bytes may stay. Only the caller knows which fingerprints it has verified. */
export type IsSound = (existing: ObjectHead) => boolean;

/**
 * A store of immutable objects, each under the hash of its bytes. It knows no files and no organisations.
 *
 * - Atomicity: an object is visible under its key as a whole or not at all. Readers of a key that is replaced see the old
 *   bytes or the new ones.
 * - Durability: bytes and key survive a power failure once `put` or `publish` has resolved.
 * - Failure: a `put` or an upload that fails, or whose process dies, changes nothing under any key. Its remains are found by
 *   `listUploads` and `deleteRemains`.
 * - Concurrency: callers hold a lock on the hash during `put`, `publish` and `delete`, across processes. The store only
 *   guarantees that a lost lock does not lose an object in use.
 * - Errors: diskFull where no space is left. A missing object is undefined, not an error. Anything else is thrown as it
 *   comes and reaches callers as INTERNAL.
 */
export type ObjectStore = AsyncDisposable & {
  /**
   * Stores bytes that are in memory, and returns the fingerprint. An existing object stays if `isSound` accepts it, and is
   * replaced otherwise.
   */
  put(content: Content, bytes: Uint8Array, isSound: IsSound): Promise<string>;
  /**
   * Starts an object whose hash is not known yet. `uploadId` is a UUID. `expectedBytes` is 0 if the size is unknown; throws
   * diskFull if the size does not fit.
   */
  startUpload(uploadId: string, expectedBytes: number): Promise<ObjectUpload>;
  head(sha256: string): Promise<ObjectHead | undefined>;
  /** Opens an object for reading. */
  get(sha256: string): Promise<OpenObject | undefined>;
  /**
   * Deletes an object unless it is in use. `isUsed` is asked after the key has become invisible; if it returns true or
   * throws, the object is put back. A missing object is no error.
   */
  delete(sha256: string, isUsed: () => Promise<boolean>): Promise<void>;
  /** Keys of all objects in batches, in no particular order. Keys that appear or vanish during the listing may be missing. */
  list(): AsyncIterable<string[]>;
  /** Ids of the uploads that are not published, including those of other processes and of dead ones. */
  listUploads(): Promise<string[]>;
  /** Deletes the bytes of an unpublished upload. A missing one is no error. */
  deleteUpload(uploadId: string): Promise<void>;
  /** Deletes whatever else dead processes have left, once it is older than any single write takes. */
  deleteRemains(olderThanMs: number): Promise<void>;
  /** Present if other processes on this machine can read the objects as files. Without it, bytes are streamed. */
  readonly lend?: Lending;
};

/** Objects as read-only files of a shared folder. */
type Lending = {
  /** Id that processes compare to recognise the folder. */
  readonly folderId: string;
  /** Path of an object, relative to the folder. */
  pathOf(sha256: string): string;
};

/** An upload in progress. Disposing it deletes the bytes unless they were published. */
export type ObjectUpload = AsyncDisposable & {
  /** Takes ownership of the chunk, which is not copied and must not change. Throws diskFull. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends writing. The bytes are durable when it resolves, but not visible yet. Throws diskFull. */
  finish(): Promise<Content>;
  /**
   * Makes a finished upload visible under its hash, and returns the fingerprint. Like `put`, it keeps a sound object and
   * replaces a damaged one.
   */
  publish(isSound: IsSound): Promise<string>;
};

/**
 * An object open for reading. The bytes of another fingerprint are never returned: if the object is replaced or deleted
 * before it is disposed, a read returns the old bytes, ends early or throws.
 */
export type OpenObject = AsyncDisposable &
  ObjectHead & {
    /** Reads a range chunk by chunk. It ends early where the stored bytes end. */
    read(range: Span): AsyncGenerator<Uint8Array, void>;
  };
