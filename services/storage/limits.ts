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
  /** Most open resumable uploads of an organisation. The contract states it. */
  resumableUploadsMax: 1000,
  /** Bytes of a resumable upload that become durable together, */
  partBytes: 16 * mebibyte,
  /** or what has arrived within this time. */
  partMs: 5 * second,
  /** A resumable upload expires this long after its last byte, */
  resumableMs: 24 * hour,
  /** and a partial one this long after it was concatenated, so that a client without a response can repeat it. */
  concatenatedMs: hour,
  /** An expired upload is reported as gone for this long. */
  goneMs: 7 * 24 * hour,
  /** Time after which a model version whose files have not arrived fails. The contract states it. */
  modelPendingMs: 7 * 24 * hour,
  /** Interval of the search for objects without a row in the database. */
  searchMs: hour,
  /** How long signed URLs are listed after their expiry. The contract states it. */
  expiredUrlMs: 24 * hour,
  /** Interval of the looks for periodic work that is due. */
  scheduleMs: minute,
  /** Interval in which times of reads are written. */
  readsMs: 30 * second,
  /** Interval of the lifecycle's rules. */
  lifecycleMs: hour,
  /** Interval of the recount of all usage. */
  recountMs: 6 * hour,
  /** Interval of the search for a scrub to run. */
  scrubPollMs: 15 * second,
  /** Interval of the work on keys: wrapping them with the current master key, encrypting what is not yet. */
  rekeyMs: 10 * minute,
  /** Vectors of one stream. The contract states it. */
  streamVectorsMax: 100_000,
  /** Interval of the maintenance of vectors. */
  vectorMaintenanceMs: 15 * second,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
