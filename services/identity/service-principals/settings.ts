import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { roles as everyRole } from "../../lib/rpc/permissions.ts";
import { ConfigError } from "../../lib/settings/env.ts";
import { platformAdminRole } from "../grants/roles.ts";

/** A secret file whose content is an API key of a service's user. */
export type ServicePrincipal = {
  readonly secretFile: string;
  /** Name of the organisation. */
  readonly org: string;
  /** Name of the user. */
  readonly name: string;
  readonly roles: readonly string[];
};

const form =
  /^(?<secretFile>[a-z0-9_]+):(?<org>[a-z][a-z0-9-]{0,62})\/(?<name>[a-z][a-z0-9-]{0,39}):(?<roles>[a-z+]+)$/;
const text =
  "must be a list of <secret file>:<organisation>/<name>:<role>+<role>, as approvalserviceapikey:main/cr8tor:editor";
const grantable = everyRole.filter((role) => role !== platformAdminRole);

/** Parses the setting SERVICE_PRINCIPALS. */
export const servicePrincipals = z
  .string()
  .default("")
  .transform((list, context) => {
    const entries = list.split(",").filter((entry) => entry.trim() !== "");
    const parsed = entries.flatMap((entry) => parseEntry(entry.trim()) ?? []);
    const files = new Set(parsed.map(({ secretFile }) => secretFile));
    if (parsed.length === entries.length && files.size === parsed.length) return parsed;
    context.addIssue({ code: "custom", message: `${text}; each file once` });
    return z.NEVER;
  });

function parseEntry(entry: string): ServicePrincipal | undefined {
  const { secretFile = "", org = "", name = "", roles = "" } = form.exec(entry)?.groups ?? {};
  const given = roles.split("+");
  return given.every((role) => grantable.includes(role))
    ? { secretFile, org, name, roles: given }
    : undefined;
}

/** Long enough that a hash can't be guessed from. */
const keyForm = /^[\x21-\x7e]{32,256}$/;

/** The key in a secret file, without its last line break. Undefined if it is missing or malformed. */
export function readServiceKey(folder: string, secretFile: string): string | undefined {
  try {
    const key = readFileSync(join(folder, secretFile), "utf8").replace(/\r?\n$/, "");
    return keyForm.test(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Throws a ConfigError that names each file without a key. */
export function refuseMissingKeys(principals: readonly ServicePrincipal[], folder: string | undefined): void {
  const problems = principals
    .filter(({ secretFile }) => folder === undefined || readServiceKey(folder, secretFile) === undefined)
    .map(
      ({ secretFile }) =>
        `  ${secretFile}: SERVICE_PRINCIPALS needs a file of this name under SECRETS_MNT_PATH, with 32 to 256 ` +
        "characters of printable ASCII, without spaces",
    );
  if (problems.length > 0) throw new ConfigError(problems);
}
