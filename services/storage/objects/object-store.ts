import type { Span } from "../../lib/content/byte-range.ts";
import type { Seal } from "../../lib/content/sealed-content.ts";

/**
 * Key of an object: its organisation, and the SHA-256 of its bytes in 64 lower-case hexadecimal digits. The same bytes in
 * two organisations are two objects: neither can find out what the other has.
 */
export type ObjectKey = { readonly orgId: string; readonly sha256: string };

/** Hash and size of bytes. */
export type Content = { readonly sha256: string; readonly sizeBytes: number };

/** An object and the size that it must have. */
export type StoredContent = ObjectKey & Content;

/** Metadata of a stored object. */
export type ObjectHead = {
  readonly sizeBytes: number;
  /** Changes with every write to the stored bytes, like an ETag, even if the new bytes are the same. */
  readonly fingerprint: string;
};

/** Decides whether stored bytes may stay. Only the caller knows which fingerprints it has verified. */
export type IsSound = (existing: ObjectHead) => boolean;

/**
 * A store of immutable objects, each under its organisation and the hash of its bytes. It knows no files.
 *
 * - Atomicity: an object is visible under its key as a whole or not at all. Readers of a key that is replaced see the old
 *   bytes or the new ones.
 * - Durability: bytes and key survive a power failure once `put` or `publish` has resolved.
 * - Failure: a `put` or an upload that fails, or whose process dies, changes nothing under any key. Its remains are found by
 *   `listUploads` and `deleteRemains`.
 * - Concurrency: callers hold a lock on the key during `put`, `publish` and `delete`, across processes. The store only
 *   guarantees that a lost lock does not lose an object in use.
 * - Errors: diskFull where no space is left. tooManyFiles where the process has no descriptor left. A missing object is undefined, not an error. Anything else is thrown as it
 *   comes and reaches callers as INTERNAL.
 */
export type ObjectStore = AsyncDisposable & {
  /**
   * Stores bytes that are in memory, and returns the fingerprint. An existing object stays if `isSound` accepts it, and is
   * replaced otherwise.
   */
  put(key: ObjectKey, bytes: Uint8Array, isSound: IsSound): Promise<string>;
  /** Starts an object whose hash is not known yet. Throws diskFull if the expected size does not fit. */
  startUpload(upload: UploadStart): Promise<ObjectUpload>;
  head(key: ObjectKey): Promise<ObjectHead | undefined>;
  /** Opens an object for reading. */
  get(key: ObjectKey): Promise<OpenObject | undefined>;
  /**
   * Deletes an object unless it is in use. `isUsed` is asked after the key has become invisible; if it returns true or
   * throws, the object is put back. A missing object is no error.
   */
  delete(key: ObjectKey, isUsed: () => Promise<boolean>): Promise<void>;
  /** Keys of all objects in batches, in no particular order. Keys that appear or vanish during the listing may be missing. */
  list(): AsyncIterable<ObjectKey[]>;
  /** Ids of the uploads that are not published, including those of other processes and of dead ones. */
  listUploads(): Promise<string[]>;
  /** Deletes the bytes of an unpublished upload. A missing one is no error. */
  deleteUpload(uploadId: string): Promise<void>;
  /** Gives an object another fingerprint, so that nobody trusts an earlier verification. A missing one is no error. */
  distrust?(key: ObjectKey): Promise<void>;
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
  pathOf(key: ObjectKey): string;
};

export type UploadStart = {
  readonly orgId: string;
  /** A UUID. */
  readonly uploadId: string;
  /** 0 if the size is unknown. */
  readonly expectedBytes: number;
  /** Whether the bytes are encrypted: their hash is not the key's, and `finish` is given the latter. */
  readonly isSealed?: boolean;
};

/** An upload in progress. Disposing it deletes the bytes unless they were published. */
export type ObjectUpload = AsyncDisposable & {
  /** Takes ownership of the chunk, which is not copied and must not change. Throws diskFull. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Ends writing, and returns hash and size of the bytes; of encrypted ones, the hash that it is given. The bytes are durable
   * when it resolves, but not visible yet. Throws diskFull.
   */
  finish(sha256?: string): Promise<Content>;
  /**
   * Makes a finished upload visible under its key, and returns the fingerprint. Like `put`, it keeps a sound object and
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
    /** Present if the stored bytes are encrypted: what a reader of the lent file decrypts them with. */
    readonly seal?: Seal;
    /** Reads a range chunk by chunk. It ends early where the stored bytes end. Throws contentCorrupt. */
    read(range: Span): AsyncGenerator<Uint8Array, void>;
  };
