import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const secretKeyBytes = 32;

/** Environment variables and secrets of a process, by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Invalid settings of a process, one line per problem. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`these settings can't be used:\n${problems.join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Adds the named secrets to the environment. A secret is the file of its name under `SECRETS_MNT_PATH`, or else the
 * environment variable of its name in upper case.
 */
export function withSecrets(env: Env, names: readonly string[]): Env {
  const folder = env.SECRETS_MNT_PATH;
  if (folder && !existsSync(folder)) {
    throw new ConfigError([`  SECRETS_MNT_PATH ${JSON.stringify(folder)}: there is no such folder`]);
  }
  const read = names.map((name) => [name, folder ? readSecret(folder, name) : undefined] as const);
  return Object.fromEntries([
    ...Object.entries(env),
    ...read.map(([name, value]) => [name, value ?? env[name.toUpperCase()]]),
  ]);
}

function readSecret(folder: string, name: string): string | undefined {
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error(`not a secret's name: ${name}`);
  try {
    return readFileSync(join(folder, name), "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Parses settings by a schema. Empty variables count as unset. `problemsOf` returns problems that concern several
 * settings.
 */
export function parseEnv<S extends z.ZodType>(
  schema: S,
  env: Env,
  problemsOf: (set: Env) => readonly string[] = () => [],
): Readonly<z.output<S>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = schema.safeParse(set);
  const issues = result.error?.issues ?? [];
  const problems = [
    ...issues.map(({ path, message }) => `  ${path.join(".")}: ${message}${isNow(path.join("."), set)}`),
    ...problemsOf(set).map((problem) => `  ${problem}`),
  ];
  if (result.success && problems.length === 0) {
    return Object.freeze(result.data as object) as Readonly<z.output<S>>;
  }
  throw new ConfigError(problems);
}

/** Settings whose values are or contain secrets. They are never shown. */
const isSecret = (name: string): boolean =>
  name !== name.toUpperCase() || /PASSWORD|TOKEN|DATABASE_URL/.test(name);

/** Values of other settings that may be shown: no keys, no URLs with passwords. */
const showable = /^[\w .,:;/*+-]{0,60}$/;

/** The setting's value, as the end of a problem's text; empty where it must not be shown. */
function isNow(name: string, set: Env): string {
  const value = set[name];
  return value === undefined || isSecret(name) || !showable.test(value) ? "" : `; it is "${value}"`;
}

/** Parses several groups of settings. Throws one ConfigError with the problems of all, without duplicates. */
export function parseAll<T extends readonly unknown[]>(
  ...reads: { readonly [Index in keyof T]: () => T[Index] }
): T {
  const problems = new Set<string>();
  const results = reads.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return undefined;
    }
  });
  if (problems.size > 0) throw new ConfigError([...problems]);
  return results as unknown as T;
}

/** Address of a gRPC server: `host:port`, or `unix:` and an absolute path. */
export const grpcAddress = z
  .string("is required, as 127.0.0.1:9001 or unix:/run/sluice/identity.sock")
  .regex(
    /^(unix:\/.+|[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5})$/,
    "must be host:port, or unix: and a path",
  );

export const databaseUrl = z
  .string("is required, as postgres://user:password@host:5432/database")
  .regex(/^postgres(ql)?:\/\//, "must begin with postgres://")
  .refine((url) => URL.canParse(url), "must be a URL: percent-encode what is special in the password");

/** Ed25519 private key in PEM, for assertions. */
export const privateKeyPem = z
  .string("is required: an Ed25519 private key in PEM, in the secret of this name")
  .includes("PRIVATE KEY", { message: "must be a private key in PEM" });

/** A secret key of 32 random bytes, in base64. */
export const secretKey = z
  .string("is required: 32 random bytes in base64, in the secret of this name")
  .refine(isSecretKey, "must be 32 bytes in base64");

function isSecretKey(text: string): boolean {
  return /^[A-Za-z0-9+/]+=*$/.test(text) && Buffer.from(text, "base64").length === secretKeyBytes;
}

/** Public keys of the mesh's processes: a JSON object from name to PEM. */
const trustedKeys = z
  .string("is required: a JSON object from process name to public key in PEM, in the secret of this name")
  .transform((text, context) => {
    try {
      return z.record(z.string(), z.string().includes("PUBLIC KEY")).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: "custom",
        message: "must be a JSON object from process name to public key in PEM",
      });
      return z.NEVER;
    }
  });

export const logLevel = z
  .enum(
    ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    "must be trace, debug, info, warn, error, fatal or silent",
  )
  .default("info");

/** Settings of every service. */
export const serviceEnv = z.object({
  GRPC_LISTEN: grpcAddress,
  database_url: databaseUrl,
  LOG_LEVEL: logLevel,
  mesh_private_key: privateKeyPem,
  mesh_trusted_keys: trustedKeys,
});

/** Secrets of every service. */
export const serviceSecrets = ["mesh_private_key", "mesh_trusted_keys", "database_url"] as const;
