/** A file of an archive. */
export type ArchiveEntry = {
  /** Relative path, safe and unique. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly time: Date;
  /** Its bytes, `sizeBytes` of them. */
  readonly read: () => AsyncGenerator<Uint8Array, void>;
};

/** An archive that is made while it is read. */
export type Archive = {
  readonly sizeBytes: number;
  /** Opens one entry at a time. Ends with an error if an entry does, and closes the entry if it is not read to its end. */
  readonly read: () => AsyncGenerator<Uint8Array, void>;
};
