import { z } from "zod";
import { normalizeHost } from "../../../lib/values/normalize-host.ts";
import { invalidSetting } from "../../errors.ts";
import type { SecretDestination, SecretUse, Settings } from "../connector.ts";
import { parseSettings, settingText } from "../settings.ts";

const schemasMax = 100;

/** Settings of a source on a database server. `nameCharactersMax` is the server's limit of names. */
export const serverSettings = (defaults: { readonly port: number; readonly nameCharactersMax: number }) => {
  const name = () => settingText(defaults.nameCharactersMax);
  return z.strictObject({
    host: settingText(253)
      .regex(/^[^\s/,]+$/, "must be one host name or address; sockets are not taken")
      .describe("Host name or address."),
    port: z.int().min(1).max(65_535).default(defaults.port).describe("Port of the server."),
    database: name().describe("Name of the database."),
    user: name().describe("Role to log in as; what it may read is what the source can read."),
    passwordSecret: settingText(127).describe(
      "Name of the secret that holds the password. Its destinations must name this connector, host and port.",
    ),
    schemas: z
      .array(name())
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
};

export type ServerSettings = z.output<ReturnType<typeof serverSettings>>;

/** Parses settings and normalises the host: the name that identity checks is the name that is resolved. */
export function parseServerSettings<S extends ServerSettings>(
  schema: z.ZodType<S>,
  settings: Settings,
  field: string,
): S {
  const parsed = parseSettings(schema, settings, field);
  const host = normalizeHost(parsed.host);
  if (host === undefined) throw invalidSetting(`${field}.host`, "must be one host name or address");
  if (parsed.caSecret !== undefined && (parsed.sslMode ?? "verify-full") !== "verify-full") {
    throw invalidSetting(`${field}.caSecret`, "is for the sslMode verify-full only");
  }
  return { ...parsed, host };
}

/** Every secret that the settings name. Each is only ever sent to their server. */
export function secretUsesOf(connector: string, settings: ServerSettings): SecretUse[] {
  const destination = destinationOf(connector, settings);
  const names = [settings.passwordSecret, settings.caSecret].filter((name) => name !== undefined);
  return names.map((name) => ({ name, destination }));
}

export const destinationOf = (connector: string, { host, port }: ServerSettings): SecretDestination => ({
  connector,
  host,
  port,
});

/** Identifies the login that allowInsecureLogin was accepted for; undefined without it. */
export function insecureLoginOf(settings: ServerSettings): string | undefined {
  const { host, port, passwordSecret, sslMode, caSecret, allowInsecureLogin } = settings;
  return allowInsecureLogin ? JSON.stringify([host, port, passwordSecret, sslMode, caSecret]) : undefined;
}
