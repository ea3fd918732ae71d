import { resolve } from "node:path";
import { z } from "zod";
import { serviceNames } from "../../gen/services.ts";
import { databaseUrl, type Env, logLevel, parseEnv } from "../lib/settings/env.ts";

export type AllInOneConfig = ReturnType<typeof parseConfig>;

/** Secrets that an operator may provide. Missing ones are created in the data folder. */
export const allInOneSecrets = [
  "secret_encryption_key",
  "secret_decryption_key",
  "url_signing_key",
  "url_signing_key_previous",
  "openlineage_receivers",
  "storage_s3_credentials",
  "cache_url",
  "database_url",
  "storage_master_key",
  "storage_master_key_previous",
] as const;

/** Settings passed to orchestration, which validates them. */
const orchestrationSettings = [
  "SOURCE_FOLDERS",
  "ENGINE_MEMORY_MIB",
  "ENGINE_NICENESS",
  "ENGINE_CONFINEMENT_REQUIRED",
  "PREPARED_CACHE_MIB",
  "TRANSFER_MIB",
  "RESULT_CACHE_TTL",
  "RESULT_CACHE_TIMEOUT_MS",
  "OPENLINEAGE_ADDRESS_ALLOW",
  "openlineage_receivers",
] as const;

/** Settings passed to storage, which validates them. */
const storageSettings = [
  "STORAGE_S3_URL",
  "storage_s3_credentials",
  "CACHE_MIB",
  "CACHE_ORG_MIB",
  "STORAGE_RESERVE_MIB",
  "STORAGE_COPY_DIR",
  "SCRUB_INTERVAL",
  "SCRUB_BYTES_PER_SECOND",
  "VECTOR_CACHE_MIB",
  "VECTOR_ENGINE",
  "cache_url",
  "storage_master_key",
  "storage_master_key_previous",
  "url_signing_key_previous",
] as const;

/** Settings passed to the process compat, which validates them. */
const compatSettings = [
  "COMPAT_APIS",
  "CDAP_UNRECOVERABLE_RESET",
  "GATEWAY_REGISTRATION_ORG",
  "GATEWAY_REGISTRATION_ROLE",
  "RIVERGEN_STAGING",
] as const;
/** Settings passed to identity, which validates them: issuers with the secrets that their file names, and its keys. */
const identitySettings: readonly string[] = [
  "SERVICE_PRINCIPALS",
  "SECRETS_MNT_PATH",
  "secret_decryption_key",
];
const isIdentitySetting = (name: string): boolean =>
  identitySettings.includes(name) || name.startsWith("OIDC_");

/** Settings passed to the edge, which validates them. */
const edgeSettings = [
  "TLS_CERT_FILE",
  "TLS_KEY_FILE",
  "TLS_CLIENT_CA_FILE",
  "TLS_CLIENT_CERTIFICATES",
  "HSTS_MAX_AGE",
  "CORS_ALLOWED_ORIGINS",
  "CORS_ALLOW_CREDENTIALS",
  "CORS_MAX_AGE",
  "COMPAT_APIS",
  "RIVERGEN_PORTS",
  "RATE_LIMIT_ADDRESS",
  "RATE_LIMIT_USER",
  "RATE_LIMIT_API_KEY",
  "RATE_LIMIT_ORG",
  "CONCURRENCY_LIMIT_ADDRESS",
  "CONCURRENCY_LIMIT_USER",
  "CONCURRENCY_LIMIT_API_KEY",
  "CONCURRENCY_LIMIT_ORG",
  "READ_LIMIT_ADDRESS",
  "READ_LIMIT_USER",
  "READ_LIMIT_API_KEY",
  "READ_LIMIT_ORG",
  "READ_CONCURRENCY_ADDRESS",
  "READ_CONCURRENCY_USER",
  "READ_CONCURRENCY_API_KEY",
  "READ_CONCURRENCY_ORG",
  "RESPONSE_CACHE_MIB",
  "COMPOSITIONS_FILE",
  "TRUSTED_PROXIES",
] as const;

const settings = z.object({
  EDGE_HOST: z.string().default("127.0.0.1"),
  EDGE_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number")
    .default("8080"),
  database_url: databaseUrl.optional(),
  SLUICE_DATA_DIR: z.string().default("./.sluice"),
  BOOTSTRAP_ADMIN_EMAIL: z
    .email({ pattern: z.regexes.html5Email, error: "must be an e-mail address" })
    .default("admin@sluice.local"),
  BOOTSTRAP_ADMIN_PASSWORD: z.string().min(12, "must have 12 characters or more").optional(),
  /** Databases on the same machine may be sources by default; other networks have to be listed. */
  SOURCE_ADDRESS_ALLOW: z.string().default("127.0.0.0/8,::1/128"),
  STAGING_JOBS_AT_ONCE: z.string().optional(),
  LOG_LEVEL: logLevel,
  PUBLIC_URL: z.string().optional(),
  secret_encryption_key: z.string().optional(),
  url_signing_key: z.string().optional(),
});

/** Reads the settings of a whole mesh in one process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const read = parseEnv(settings, env);
  return Object.freeze({
    edgeHost: read.EDGE_HOST,
    edgePort: read.EDGE_PORT,
    databaseUrl: read.database_url,
    dataDirectory: resolve(read.SLUICE_DATA_DIR),
    bootstrapAdminEmail: read.BOOTSTRAP_ADMIN_EMAIL,
    bootstrapAdminPassword: read.BOOTSTRAP_ADMIN_PASSWORD,
    sourceAddressAllow: read.SOURCE_ADDRESS_ALLOW,
    stagingJobsAtOnce: read.STAGING_JOBS_AT_ONCE,
    logLevel: read.LOG_LEVEL,
    publicUrl:
      read.PUBLIC_URL ?? edgeUrl(env.TLS_CERT_FILE ? "https" : "http", read.EDGE_HOST, read.EDGE_PORT),
    secretEncryptionKey: read.secret_encryption_key,
    urlSigningKey: read.url_signing_key,
    identitySettings: Object.fromEntries(Object.entries(env).filter(([name]) => isIdentitySetting(name))),
    orchestrationSettings: Object.fromEntries(orchestrationSettings.map((name) => [name, env[name]])),
    storageSettings: Object.fromEntries(storageSettings.map((name) => [name, env[name]])),
    compatSettings: Object.fromEntries(compatSettings.map((name) => [name, env[name]])),
    edgeSettings: Object.fromEntries(edgeSettings.map((name) => [name, env[name]])),
  });
}

/** Settings of separate processes, which this process sets itself. */
const ofSeparateProcesses = new RegExp(
  `^(GRPC_LISTEN|EDGE_PROCESSES|STORAGE_DIR|ORCHESTRATION_DIR|LENT_FILES_DIR|MESH_(TLS_.*|ALLOW_CLEARTEXT)|(${serviceNames.join("|").toUpperCase()})_ADDRESS)$`,
);

/** Warnings about settings that have no effect here, one sentence each. */
export const unreadSettings = (env: Env): string[] =>
  Object.keys(env).flatMap((name) => {
    if (ofSeparateProcesses.test(name))
      return [`${name} is not read here: it is for processes that are started by themselves`];
    if (name.startsWith("SLUICE_") && name !== "SLUICE_DATA_DIR") return [`${name} is no setting`];
    return [];
  });

/** As parseConfig, with the defaults of invalid settings. */
export function parseUsable(env: Env): AllInOneConfig {
  const { error } = settings.safeParse(env);
  const wrong = new Set(error?.issues.map(({ path }) => String(path[0])));
  return parseConfig(Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.has(name))));
}

/** Address of the edge; undefined if it listens on any port or on all addresses. */
function edgeUrl(scheme: string, host: string, port: string): string | undefined {
  if (Number(port) === 0 || host === "0.0.0.0" || host === "::") return undefined;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${Number(port)}`;
}
