/** How long a caller may take, in milliseconds. */
export const standardLimits = {
  /** For the first bytes of a connection, and for the headers of a request. */
  headersMs: 20_000,
  /** For the next bytes of a body. */
  pauseMs: 60_000,
  /** For the next request of a connection. */
  idleMs: 65_000,
} as const;

export type Limits = { readonly [Name in keyof typeof standardLimits]: number };
