const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const mebibyte = 1024 * 1024;
const tebibyte = mebibyte * mebibyte;

/** The largest content of one upload, in bytes. Stands in the contract. */
const uploadBytesMax = 5 * tebibyte;

/** The bounds that storage works within. Times are in milliseconds. */
export const standardLimits = {
  uploadBytesMax,
  /** An upload that sends nothing for so long is ended. */
  uploadIdleMs: minute,
  /** Content of at most so many bytes is kept in memory until it is whole, */
  smallBytesMax: 256 * 1024,
  /** unless it takes longer than this: then it reserves quota as a large one does. */
  smallWaitMs: 50,
  /** Quota is reserved in steps of so many bytes when an upload's size is not known before. */
  reservationStepBytes: 16 * mebibyte,
  /** How often a running upload says that it is alive. */
  heartbeatMs: 5 * second,
  /** An upload that has not said so for so long is dead: its reservation and temporary file are removed. */
  heartbeatLostMs: 30 * second,
  /** Bytes that no file uses stay so long before they are removed. */
  graceMs: hour,
  /** How often the remains of dead uploads and unused bytes are looked for. */
  collectMs: 15 * second,
  /** How often the store is searched for bytes that the database does not know. */
  searchMs: hour,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
