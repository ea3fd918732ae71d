import postgres from "postgres";

const connectTimeoutSeconds = 5;
/** Delay before a reconnect. The driver's own backoff grows to 20 s, during which every call would wait. */
const reconnectDelaySeconds = 0.2;

/**
 * Creates a postgres.js client. The URL's host may be the percent-encoded folder of a unix socket, as in
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
