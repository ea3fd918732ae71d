const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const mebibyte = 1024 * 1024;
const tebibyte = mebibyte * mebibyte;

/** Maximum size of one upload, in bytes. The contract states it. */
const uploadBytesMax = 5 * tebibyte;

/** Limits of the service. Times are in milliseconds. */
export const standardLimits = {
  uploadBytesMax,
  /** Idle timeout of an upload. */
  uploadIdleMs: minute,
  /** Content up to this size is kept in memory until it is complete, */
  smallBytesMax: 256 * 1024,
  /** unless it takes longer than this; then it reserves quota like large content. */
  smallWaitMs: 50,
  /** Step in which quota is reserved for an upload of unknown size, in bytes. */
  reservationStepBytes: 16 * mebibyte,
  /** Interval of a running upload's heartbeat. */
  heartbeatMs: 5 * second,
  /** An upload without a heartbeat for this long is dead; its reservation and its bytes are deleted. */
  heartbeatLostMs: 30 * second,
  /** Grace period of objects that no file uses. */
  graceMs: hour,
  /** Interval of the collection of dead uploads and unused objects. */
  collectMs: 15 * second,
  /** Interval of the search for objects without a row in the database. */
  searchMs: hour,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
