import { isId } from "../../lib/values/ids.ts";
import type { IdentityDeps } from "../deps.ts";
import { delegateUnknown } from "../errors.ts";
import { type DelegatingKey, findExternalId } from "./delegation-repository.ts";

type Deps = Pick<IdentityDeps, "db">;

/** The organisation that the header X-Org-ID names; the key's default one if it is empty. */
export async function resolveOrg({ db }: Deps, key: DelegatingKey, org: string): Promise<string> {
  if (org === "")
    return allowed(key, key.defaultOrgId ?? "") ?? refuseOrg("is missing, and the API key has no default");
  const external = await findExternalId(db, key, { kind: "org", externalId: org });
  const orgId = external?.orgId ?? idOf(org);
  return (
    allowed(key, orgId) ??
    refuseOrg(`${JSON.stringify(org)} is no organisation that the API key may speak for`)
  );
}

/** The id in lower case; empty for other texts. */
function idOf(text: string): string {
  const id = text.toLowerCase();
  return isId(id) ? id : "";
}

const allowed = ({ delegateOrgIds }: DelegatingKey, orgId: string): string | undefined =>
  delegateOrgIds.find((one) => one === orgId);

/** The user that the header X-User-ID names, which is to be an active one of the organisation. */
export async function resolveUser(
  { db }: Deps,
  key: DelegatingKey,
  { orgId, user }: { orgId: string; user: string },
): Promise<string> {
  const external = await findExternalId(db, key, { kind: "user", externalId: user });
  if (external) return external.orgId === orgId && external.userId ? external.userId : refuseUser(user);
  return idOf(user) || refuseUser(user);
}

function refuseOrg(problem: string): never {
  throw delegateUnknown("X-Org-ID", problem);
}

export function refuseUser(user: string): never {
  throw delegateUnknown(
    "X-User-ID",
    user === ""
      ? "is missing, and the organisation's service principal is not active"
      : `${JSON.stringify(user)} is no active user of the organisation`,
  );
}
