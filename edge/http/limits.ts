/** Timeouts of connections and messages, in milliseconds, and the limit of connections. */
export const standardLimits = {
  /** For the first bytes of a connection, the headers of a request, and the reply to a PING. */
  headersMs: 20_000,
  /** For the next bytes of a body, in either direction. */
  pauseMs: 60_000,
  /** For the next request of a connection. */
  idleMs: 65_000,
  /** For the next message of a stream, in either direction, while the caller can still send. */
  streamIdleMs: 15 * 60_000,
  /** Connections of one process, of both HTTP versions. */
  connectionsMax: 16_000,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
