/** What the edge bears of an upstream and does to it. Times in milliseconds. */
export const standardUpstreamLimits = {
  /** For a new connection to be made and to answer its first question. */
  connectMs: 5_000,
  /** A connection that has said nothing for this long is asked for a sign of life, */
  silenceMs: 10_000,
  /** which has to come within this. */
  pingMs: 5_000,
  /** How long any call waits for a connection that was just lost: no longer, so that its caller hears of it at once. */
  reconnectMs: 80,
  /** How long a call that may be repeated waits for an upstream that is being started again. */
  restartMs: 10_000,
  /** How often the addresses behind a name are looked up. */
  resolveMs: 30_000,
  /** Calls under way at a time, */
  callsMax: 2_048,
  /** and of those the ones that wait for a connection. */
  waitingMax: 1_024,
  /** An address with so many failures in a row is left out */
  failuresMax: 5,
  /** for this long, longer each time. */
  ejectionMs: 10_000,
} as const;

export type UpstreamLimits = { readonly [Name in keyof typeof standardUpstreamLimits]: number };
