import { z } from "zod";
import { normalizeHost } from "../../../lib/values/normalize-host.ts";
import { invalidSetting } from "../../errors.ts";
import type { SecretDestination, SecretUse, Settings } from "../connector.ts";
import { parseSettings, settingText } from "../settings.ts";

const nameCharactersMax = 63;
const schemasMax = 100;

/** Settings of a source on a PostgreSQL database. */
export const postgresqlSettings = z.strictObject({
  host: settingText(253)
    .regex(/^[^\s/,]+$/, "must be one host name or address; sockets are not taken")
    .describe("Host name or address."),
  port: z.int().min(1).max(65_535).default(5432).describe("Port of the server."),
  database: settingText(nameCharactersMax).describe("Name of the database."),
  user: settingText(nameCharactersMax).describe(
    "Role to log in as; what it may read is what the source can read.",
  ),
  passwordSecret: settingText(127).describe(
    "Name of the secret that holds the password. Its destinations must name this connector, host and port.",
  ),
  schemas: z
    .array(settingText(nameCharactersMax))
    .min(1)
    .max(schemasMax)
    .optional()
    .describe("Schemas to discover; by default all but the system's."),
  sslMode: z
    .enum(["disable", "prefer", "require", "verify-full"])
    .optional()
    .describe(
      "As libpq's sslmode. By default `prefer` for addresses of this machine without a caSecret, and `verify-full` for " +
        "all others: the certificate must be for the host, from a known authority. Less takes allowInsecureLogin there.",
    ),
  caSecret: settingText(127)
    .optional()
    .describe(
      "Name of the secret that holds the authorities of the server's certificate in PEM, instead of the public ones. " +
        "Its destinations must name this connector, host and port, too.",
    ),
  allowInsecureLogin: z
    .boolean()
    .default(false)
    .describe(
      "Lets the password travel where others could read it: over a connection that is not encrypted or not verified, or " +
        "unhashed to a server that only caSecret vouches for. Takes the permission sources.insecure.",
    ),
});

export type PostgresqlSettings = z.output<typeof postgresqlSettings>;

/** The connector's name, in sources and in the destinations of secrets. */
export const postgresqlName = "postgresql";

/** Reads the settings and normalises the host: the name that identity checks is the name that is looked up. */
export function parsePostgresqlSettings(settings: Settings, field: string): PostgresqlSettings {
  const parsed = parseSettings(postgresqlSettings, settings, field);
  const host = normalizeHost(parsed.host);
  if (host === undefined) throw invalidSetting(`${field}.host`, "must be one host name or address");
  if (parsed.caSecret !== undefined && (parsed.sslMode ?? "verify-full") !== "verify-full") {
    throw invalidSetting(`${field}.caSecret`, "is for the sslMode verify-full only");
  }
  return { ...parsed, host };
}

export const destinationOf = ({ host, port }: PostgresqlSettings): SecretDestination => ({
  connector: postgresqlName,
  host,
  port,
});

/** Every secret that the settings name, and where it is sent. */
export function secretUsesOf(settings: PostgresqlSettings): SecretUse[] {
  const destination = destinationOf(settings);
  const names = [settings.passwordSecret, settings.caSecret].filter((name) => name !== undefined);
  return names.map((name) => ({ name, destination }));
}

/** Identifies the login that allowInsecureLogin was accepted for; undefined without it. */
export function insecureLoginOf(settings: PostgresqlSettings): string | undefined {
  const { host, port, passwordSecret, sslMode, caSecret, allowInsecureLogin } = settings;
  return allowInsecureLogin ? JSON.stringify([host, port, passwordSecret, sslMode, caSecret]) : undefined;
}
