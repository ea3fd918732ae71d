/** How much of the edge one caller may take, and for how long. */
export const standardLimits = {
  /** For the first bytes of a connection, for the headers of a request, and for a connection to show that it lives; ms. */
  headersMs: 20_000,
  /** For the next bytes of a body, and for a reader to take what is waiting for it; ms. */
  pauseMs: 60_000,
  /** For the next request of a connection; ms. */
  idleMs: 65_000,
  /** For the next message of a stream, in either direction, while its caller may still send; ms. */
  streamIdleMs: 15 * 60_000,
  /** Connections of one process, of both HTTP versions. */
  connectionsMax: 16_000,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
