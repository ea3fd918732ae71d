import { type AccountCause, accountUnknown } from "../errors.ts";
import type { IssuerConfig } from "./issuers-file.ts";
import type { Claims } from "./verify-issuer-token.ts";

/** What the rules of an issuer derive from claims. */
export type Mapped = {
  /** Name of the organisation. */
  readonly org: string;
  /** Sorted; undefined if the issuer has no rules for roles, so that administrators assign them. */
  readonly roles: readonly string[] | undefined;
  /** Sorted. */
  readonly groups: readonly string[];
};

/** As the contract of User has them. */
export const groupsMax = 200;
const groupCharactersMax = 200;

/** Applies the rules. Throws accountUnknown for claims without an organisation or a role, or with too many groups. */
export function mapClaims(config: IssuerConfig, claims: Claims): Mapped {
  const refuse = (cause: AccountCause) => accountUnknown(config.name, cause);
  const valuesOf = (path: readonly string[]): string[] => {
    if (isDistributed(claims, path)) throw refuse("claim_distributed");
    return valuesAt(claims, path);
  };
  const org = orgOf(config.org, valuesOf);
  if (org === undefined) throw refuse("org_unknown");
  const roles = config.roles.length > 0 ? rolesOf(config, valuesOf) : undefined;
  if (roles?.length === 0) throw refuse("role_missing");
  const groups = groupsOf(config, valuesOf);
  // Leaving some out would change rights by the order of a list.
  if (groups.length > groupsMax) throw refuse("groups_exceeded");
  return { org, roles, groups };
}

type ValuesOf = (path: readonly string[]) => string[];

/** A claim with values for several organisations names none. */
function orgOf(rule: IssuerConfig["org"], valuesOf: ValuesOf): string | undefined {
  if ("name" in rule) return rule.name;
  const names = valuesOf(rule.claim).filter((value) => Object.hasOwn(rule.map, value));
  const orgs = new Set(names.map((value) => rule.map[value]));
  return orgs.size === 1 ? [...orgs][0] : undefined;
}

function rolesOf(config: IssuerConfig, valuesOf: ValuesOf): string[] {
  const given = config.roles.flatMap(({ claim, values, roles }) => {
    const held = new Set(valuesOf(claim));
    return values.some((value) => held.has(value)) ? roles : [];
  });
  return [...new Set(given.length > 0 ? given : config.default_roles)].sort();
}

function groupsOf(config: IssuerConfig, valuesOf: ValuesOf): string[] {
  const given = config.groups.flatMap(({ claim, prefix }) =>
    valuesOf(claim).filter((value) => value.startsWith(prefix) && isGroupName(value)),
  );
  return [...new Set(given)].sort();
}

const isGroupName = (value: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  value !== "" && [...value].length <= groupCharactersMax && !/[\x00-\x1f\x7f]/.test(value);

/** The values of a claim: a text, a number, a boolean, or those in a list. */
function valuesAt(claims: Claims, path: readonly string[]): string[] {
  const found = path.reduce<unknown>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    claims,
  );
  const values: unknown[] = Array.isArray(found) ? found : [found];
  return values.filter((value) => /^(string|number|boolean)$/.test(typeof value)).map(String);
}

/** OpenID Connect Core, 5.6.2: the token only says where the claim is. Entra ID does so for users with many groups. */
function isDistributed(claims: Claims, [name = ""]: readonly string[]): boolean {
  const { _claim_names: elsewhere } = claims;
  return isObject(elsewhere) && Object.hasOwn(elsewhere, name) && !Object.hasOwn(claims, name);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
