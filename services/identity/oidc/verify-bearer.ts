import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Db } from "../../lib/database/database.ts";
import { accountUnknown, credentialInvalid } from "../errors.ts";
import { listGrantsOf } from "../grants/grant-repository.ts";
import { rightsFrom } from "../rights.ts";
import { type ExternalIdentity, findExternalIdentity, groupsAfter } from "./external-identity-repository.ts";
import type { Issuer } from "./issuer.ts";
import { type Mapped, mapClaims } from "./map-claims.ts";
import { verifyIssuerToken } from "./verify-issuer-token.ts";

/**
 * The principal of an issuer's access token: the user who signed in with its subject before, with the roles and groups
 * of the token's own claims. It creates no account and changes none.
 */
export async function verifyBearer(db: Db, issuer: Issuer, token: string) {
  const { bearer, name, issuer: url } = issuer.config;
  if (!bearer) throw credentialInvalid();
  const claims = await verifyIssuerToken(issuer, token, { audience: bearer.audiences, types: bearer.types });
  const mapped = mapClaims(issuer.config, claims);
  const identity = await findExternalIdentity(db, mapped.org, { issuer: url, subject: claims.sub });
  if (!identity) throw accountUnknown(name, "account_missing");
  if (!identity.active) throw accountUnknown(name, "account_inactive");
  return {
    orgId: identity.orgId,
    userId: identity.userId,
    ...(await rightsByRules(db, identity, mapped)),
    expireTime: timestampFromDate(new Date(claims.exp * 1000)),
  };
}

/** Rights of the user, where the rules' roles replace the user's in the organisation, and their groups the issuer's. */
async function rightsByRules(db: Db, identity: ExternalIdentity, { roles, groups }: Mapped) {
  const { orgId, userId } = identity;
  const holder = { userId, groups: groupsAfter(identity, groups), apiKeyId: null };
  const granted = await listGrantsOf(db, orgId, holder);
  if (!roles) return rightsFrom(granted);
  const others = granted.filter((grant) => grant.userId === null || grant.namespace !== null);
  const ruled = roles.map((role) => ({ role, namespace: null, apiKeyId: null }));
  return rightsFrom([...others, ...ruled]);
}
