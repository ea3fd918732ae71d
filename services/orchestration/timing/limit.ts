/** Limit of some work. `signal` aborts with the error for the caller; `timeoutMs` is the time left when the work starts. */
export type Limit = { readonly signal: AbortSignal; readonly timeoutMs: number };
