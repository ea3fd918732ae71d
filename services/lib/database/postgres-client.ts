import postgres from "postgres";

const connectTimeoutSeconds = 5;
/** Pause before a lost connection is tried again. The driver's own grows to 20 s, in which every call would wait. */
const reconnectDelaySeconds = 0.2;

/**
 * A postgres.js client for a URL whose host may also be the folder of a unix socket, percent-encoded, as in
 * `postgres://user:password@%2Frun%2Fpostgres:5432/database`.
 */
export function connectPostgres(
  url: string,
  options: postgres.Options<Record<string, never>> = {},
): postgres.Sql {
  const host = decodeURIComponent(new URL(url).hostname);
  return postgres(url, {
    connect_timeout: connectTimeoutSeconds,
    backoff: () => reconnectDelaySeconds,
    onnotice: () => {},
    ...(host.startsWith("/") && { host }),
    ...options,
  });
}
