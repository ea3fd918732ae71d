import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Env, withSecrets } from "../../lib/settings/env.ts";
import { type IssuerSettings, issuersFile } from "./issuer-settings.ts";

/** Settings of an issuer with the value of its secret. */
export type IssuerConfig = IssuerSettings & { readonly clientSecretValue: string | undefined };

/**
 * Reads the file of OIDC_ISSUERS_FILE: issuers with their secrets, or every problem of it, one line each. Without a file
 * there are no issuers.
 */
export function readIssuersFile(env: Env): { issuers: readonly IssuerConfig[]; problems: readonly string[] } {
  const path = env.OIDC_ISSUERS_FILE;
  if (!path) return { issuers: [], problems: [] };
  const json = readJson(path);
  if ("problem" in json) return { issuers: [], problems: [`OIDC_ISSUERS_FILE: ${json.problem}`] };
  const parsed = issuersFile.safeParse(json.value);
  if (!parsed.success) return { issuers: [], problems: parsed.error.issues.map(problemOf) };
  const names = parsed.data.issuers.flatMap(({ client_secret }) => client_secret ?? []);
  const secrets = withSecrets(env, names);
  const issuers = parsed.data.issuers.map((issuer) => ({
    ...issuer,
    clientSecretValue: issuer.client_secret && secrets[issuer.client_secret],
  }));
  const problems = issuers.flatMap(({ client_secret, clientSecretValue }, index) =>
    client_secret && !clientSecretValue
      ? [`OIDC_ISSUERS_FILE: issuers[${index}].client_secret: there is no secret ${client_secret}`]
      : [],
  );
  return { issuers, problems };
}

function readJson(path: string): { value: unknown } | { problem: string } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { problem: `can't be read (${(error as NodeJS.ErrnoException).code})` };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: "must be JSON" };
  }
}

function problemOf({ path, message }: z.core.$ZodIssue): string {
  return `OIDC_ISSUERS_FILE: ${z.core.toDotPath(path) || "the file"}: ${message}`;
}
