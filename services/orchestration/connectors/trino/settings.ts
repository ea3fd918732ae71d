import { z } from "zod";
import { normalizeHost } from "../../../lib/values/normalize-host.ts";
import { invalidSetting } from "../../errors.ts";
import type { Settings } from "../connector.ts";
import { defaultPorts, httpServerSettings } from "../http/server-settings.ts";
import { parseSettings, settingText } from "../settings.ts";

/** Name of the connector. */
export const trinoName = "trino";

const { scheme, host, port, authSecret, caSecret, allowInsecureLogin } = httpServerSettings;

/** Settings of a source on a catalog of Trino. */
export const trinoSettings = z.strictObject({
  scheme,
  host,
  port,
  user: settingText(255)
    .regex(
      /^[\x21-\x39\x3b-\x7e]([\x20-\x39\x3b-\x7e]*[\x21-\x39\x3b-\x7e])?$/,
      "must have printable ASCII characters, and no colon",
    )
    .describe("User to run statements as; what it may read is what the source can read."),
  catalog: settingText(255).describe("Catalog of Trino whose tables are the source's."),
  schemas: z
    .array(settingText(255))
    .min(1)
    .max(100)
    .optional()
    .describe(
      "Schemas to discover; by default all of the catalog. If there is one, statements may name its tables without it.",
    ),
  auth: z
    .enum(["none", "basic", "bearer"])
    .default("none")
    .describe("How the user logs in: not at all, with a password, or with a token (JWT)."),
  authSecret,
  caSecret,
  allowInsecureLogin,
});

export type TrinoSettings = ReturnType<typeof parseTrinoSettings>;

/** InvalidArgument (SETTINGS_INVALID). */
export function parseTrinoSettings(settings: Settings, field: string) {
  const { host: given, ...parsed } = parseSettings(trinoSettings, settings, field);
  const host = normalizeHost(given);
  if (host === undefined) throw invalidSetting(`${field}.host`, "must be one host name or address");
  const { auth, authSecret: secret, caSecret: ca } = parsed;
  if (auth !== "none" && secret === undefined)
    throw invalidSetting(`${field}.authSecret`, `is required by the auth ${auth}`);
  if (auth === "none" && secret !== undefined)
    throw invalidSetting(`${field}.authSecret`, "is of no use without auth");
  if (ca !== undefined && parsed.scheme === "http")
    throw invalidSetting(`${field}.caSecret`, "is for the scheme https only");
  return { ...parsed, host, path: "/", port: parsed.port ?? defaultPorts[parsed.scheme] };
}
