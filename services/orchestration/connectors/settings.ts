import { z } from "zod";
import { settingsInvalid } from "../errors.ts";
import type { Settings } from "./connector.ts";

/** Names of settings in which people put passwords. */
const credentialNames = /^(password|passwd|pwd|secret|token|apiKey|connectionString|dsn|url|uri)$/i;

/** Parses settings by a connector's schema. InvalidArgument (SETTINGS_INVALID) names every wrong one by its path below `field`. */
export function parseSettings<S extends z.ZodType>(
  schema: S,
  settings: Settings,
  field: string,
): z.output<S> {
  const credentials = Object.keys(settings).filter((name) => credentialNames.test(name));
  if (credentials.length > 0) {
    throw settingsInvalid(
      credentials.map((name) => ({
        field: `${field}.${name}`,
        description:
          "credentials are not kept in settings: PUT /api/v1/secrets/{name} with this server among its destinations, and " +
          "name the secret here as passwordSecret",
      })),
    );
  }
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  throw settingsInvalid(result.error.issues.flatMap((issue) => violationsOf(issue, field)));
}

function violationsOf(issue: z.core.$ZodIssue, field: string): { field: string; description: string }[] {
  const path = [field, ...issue.path].join(".");
  if (issue.code !== "unrecognized_keys") return [{ field: path, description: issue.message }];
  return issue.keys.map((key) => ({ field: `${path}.${key}`, description: "there is no such setting" }));
}

/** Text of a setting. PostgreSQL's jsonb cannot hold NUL characters. */
export const settingText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\0]*$/, "must not contain NUL characters");
