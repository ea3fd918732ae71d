import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const secretKeyBytes = 32;

/** Environment variables and secrets of a process, by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What is wrong with a process's settings: every problem at once, a line each. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`these settings can't be used:\n${problems.join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Adds the named secrets to the environment: each is a file under `SECRETS_MNT_PATH` whose name is the secret's, or
 * else the environment variable of that name in upper case.
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
 * Reads settings by a schema. An empty variable counts as unset. `problemsOf` says what is wrong with several of them
 * together.
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

/** Settings that are secrets, or have one in them: what they are set to is not told. */
const isSecret = (name: string): boolean =>
  name !== name.toUpperCase() || /PASSWORD|TOKEN|DATABASE_URL/.test(name);

/** What may be shown of any other setting: no key, and no URL with a password in it. */
const showable = /^[\w .,:;/*+-]{0,60}$/;

/** What a setting is set to, behind what it has to be. */
function isNow(name: string, set: Env): string {
  const value = set[name];
  return value === undefined || isSecret(name) || !showable.test(value) ? "" : `; it is "${value}"`;
}

/** Reads several kinds of settings, and reports the problems of all of them at once, each of them once. */
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

/** Where a gRPC server listens or is reached: `host:port`, or `unix:` and an absolute path. */
export const grpcAddress = z
  .string("is required, as 127.0.0.1:9001 or unix:/run/sluice/identity.sock")
  .regex(
    /^(unix:\/.+|[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5})$/,
    "must be host:port, or unix: and a path",
  );

/** Address of a PostgreSQL database. */
export const databaseUrl = z
  .string("is required, as postgres://user:password@host:5432/database")
  .regex(/^postgres(ql)?:\/\//, "must begin with postgres://")
  .refine((url) => URL.canParse(url), "must be a URL: percent-encode what is special in the password");

/** Ed25519 key in PEM that a process signs its assertions with. */
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

/** How much is logged. */
export const logLevel = z
  .enum(
    ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    "must be trace, debug, info, warn, error, fatal or silent",
  )
  .default("info");

/** Settings that every service has. */
export const serviceEnv = z.object({
  GRPC_LISTEN: grpcAddress,
  database_url: databaseUrl,
  LOG_LEVEL: logLevel,
  mesh_private_key: privateKeyPem,
  mesh_trusted_keys: trustedKeys,
});

/** Names of the secrets that every service has. */
export const serviceSecrets = ["mesh_private_key", "mesh_trusted_keys", "database_url"] as const;
