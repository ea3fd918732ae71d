import postgres from "postgres";

const connectTimeoutSeconds = 5;

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
    onnotice: () => {},
    ...(host.startsWith("/") && { host }),
    ...options,
  });
}
