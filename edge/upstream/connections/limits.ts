/** Limits and timeouts of one upstream, in milliseconds. */
export const standardUpstreamLimits = {
  /** Time for a new connection to open and to answer the health check. */
  connectMs: 5_000,
  /** Keepalive: a connection that has received nothing for this long is sent a PING. */
  silenceMs: 10_000,
  /** Keepalive: time for its acknowledgement, after which the connection is closed. */
  pingMs: 5_000,
  /** How long every call waits for a connection that was just lost. Short, so that callers get an error at once. */
  reconnectMs: 80,
  /** How long a call that may be retried waits for an upstream that restarts. */
  restartMs: 10_000,
  /** Interval of DNS lookups. */
  resolveMs: 30_000,
  /** Concurrent calls, those that wait included. */
  callsMax: 2_048,
  /** Calls that wait for a connection. */
  waitingMax: 1_024,
  /** Outlier detection: consecutive failures after which an address is ejected. */
  failuresMax: 5,
  /** Outlier detection: duration of the first ejection. The next ones are multiples of it. */
  ejectionMs: 10_000,
} as const;

export type UpstreamLimits = { readonly [Name in keyof typeof standardUpstreamLimits]: number };
