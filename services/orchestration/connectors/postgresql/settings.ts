import { z } from "zod";
import { settingText } from "../settings.ts";

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
  passwordSecret: settingText(127).describe("Name of the secret that holds the password."),
  schemas: z
    .array(settingText(nameCharactersMax))
    .min(1)
    .max(schemasMax)
    .optional()
    .describe("Schemas to discover; by default all but the system's."),
  sslMode: z
    .enum(["disable", "prefer", "require"])
    .default("prefer")
    .describe("Whether to encrypt: as libpq's sslmode of the same name, the certificate is not checked."),
});

export type PostgresqlSettings = z.output<typeof postgresqlSettings>;
