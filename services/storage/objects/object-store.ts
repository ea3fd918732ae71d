/** What content is: its hash, 64 lower-case hexadecimal digits, and its size. */
export type Content = { readonly sha256: string; readonly sizeBytes: number };

/** Where bytes lie, each content once and under its hash. Knows nothing of files and organisations. */
export type BlobStore = AsyncDisposable & {
  /** Id of the folder that the paths of content are below. */
  readonly folderId: string;
  /**
   * Makes room for content that is on its way. `id` is a UUID and names it until it is published. `expectedBytes` is
   * 0 when it is not known. Throws diskFull when so much does not fit.
   */
  createTemporary(id: string, expectedBytes: number): Promise<TemporaryBlob>;
  /**
   * Makes content that is in memory durable under its hash and answers its fingerprint. Content that is there already
   * stays when `isSound` vouches for it. The caller holds a lock on the hash. Throws diskFull.
   */
  store(content: Content, bytes: Uint8Array, isSound: (existing: OpenBlob) => boolean): Promise<string>;
  /** Ids of all temporaries, also of those that another process has left. */
  listTemporaries(): Promise<string[]>;
  deleteTemporary(id: string): Promise<void>;
  /** Removes what a process that died in the middle of `store` has left, once it is older than this. */
  deleteOldSmall(olderThanMs: number): Promise<void>;
  /** Opens content for reading; undefined when there is none. */
  open(sha256: string): Promise<OpenBlob | undefined>;
  /**
   * Removes content, unless it proves to be used: `isUsed` is asked when nobody can find the content any more, and when
   * it answers true or fails, the content is put back.
   */
  delete(sha256: string, isUsed: () => Promise<boolean>): Promise<void>;
  /** Hashes of all content, some at a time. */
  list(): AsyncIterable<string[]>;
};

/** Content on its way. Disposing it removes what was not published. */
export type TemporaryBlob = AsyncDisposable & {
  /** Takes a piece, which must not change any more: it is not copied. Throws diskFull. */
  write(piece: Uint8Array): Promise<void>;
  /** Ends writing; when it resolves the bytes are durable, though under no hash yet. Throws diskFull. */
  finish(): Promise<Content>;
  /**
   * Makes finished content durable under its hash and answers its fingerprint. Content that is there already stays when
   * `isSound` vouches for it, and is replaced otherwise: so an upload heals damaged content.
   */
  publish(isSound: (existing: OpenBlob) => boolean): Promise<string>;
};

/** Content that is open for reading; it stays readable until it is disposed, though it may be removed meanwhile. */
export type OpenBlob = AsyncDisposable & {
  /** Where it lies below the store's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Changes whenever somebody writes to the stored bytes. */
  readonly fingerprint: string;
  /** Reads from a position; fewer bytes than asked for only where the stored bytes end. */
  read(position: number, lengthBytes: number): Promise<Uint8Array>;
};
