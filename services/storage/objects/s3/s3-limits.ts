const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;

/** Limits of a store in S3. Times are in milliseconds. */
export const standardS3Limits = {
  /** Attempts of a request, and connections in a row that a read may lose. */
  attemptsMax: 4,
  /** Until a response begins, for requests without content. */
  requestMs: 20 * second,
  /** Until a response begins, for requests that send or copy content. */
  transferMs: 2 * minute,
  /** Longest wait for the next bytes of a response. */
  idleMs: 20 * second,
  /** Bytes of one part of an upload. An upload has two parts in memory at most. */
  partBytes: 8 * mebibyte,
  /** Bytes of one object of an unpublished upload: S3 allows 10,000 parts. */
  segmentBytes: 64 * gibibyte,
  /** Most bytes that one request copies. S3 allows 5 GiB; less lets several run at once. */
  copyBytes: gibibyte,
  /** Requests of one copy that run at once. */
  copiesAtOnce: 4,
  /** Keys of one page of a list. */
  pageMax: 1000,
  /** A copy in parts that was begun this long ago is dead. */
  orphanMs: 24 * hour,
  /** Interval of the search for dead copies. */
  remainsMs: hour,
} as const;

export type S3Limits = { readonly [Name in keyof typeof standardS3Limits]: number };
