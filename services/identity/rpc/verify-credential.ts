import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { verifyAccessToken } from "../credentials/access-token.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialExpired, credentialInvalid } from "../errors.ts";
import { findHolderOfKey, findHolderOfLogin, type Holder } from "../login-repository.ts";
import { verifyBearer } from "../oidc/verify-bearer.ts";
import { rightsOfHolder } from "../rights.ts";

export const verifyCredential =
  (deps: IdentityDeps): MethodImpl<typeof PolicyService.method.verifyCredential> =>
  async ({ credential, underWay, clientAddress }) => {
    switch (credential.case) {
      case "apiKey":
        return verifyKey(deps, credential.value, clientAddress);
      case "accessToken":
        return verifyToken(deps, credential.value, underWay);
      default:
        throw credentialInvalid();
    }
  };

async function verifyKey({ db, keyUses }: IdentityDeps, apiKey: string, clientAddress: string) {
  const holder = await findHolderOfKey(db, secretSha256(apiKey));
  if (!holder) throw credentialInvalid();
  keyUses.record(holder.apiKeyId ?? "", clientAddress);
  return principalOf(db, holder, undefined);
}

/** An expired token still stands for a call that is under way, if its login does. Its expiry is the login's then. */
async function verifyToken(deps: IdentityDeps, accessToken: string, isUnderWay: boolean) {
  const { db, keyRing, issuers } = deps;
  const issuer = issuers.ofToken(accessToken);
  if (issuer) return verifyBearer(db, issuer, accessToken);
  const { loginId, expireTime } = await verifyAccessToken(keyRing, accessToken);
  const holder = await findHolderOfLogin(db, loginId);
  if (!holder) throw credentialInvalid();
  if (!isUnderWay && expireTime <= holder.now) throw credentialExpired();
  return { ...(await principalOf(db, holder, expireTime)), loginId };
}

/** The token of a key's login carries the key: it is no more than the key. */
async function principalOf(db: Db, holder: Holder, tokenExpireTime: Date | undefined) {
  const { orgId, userId, apiKeyId } = holder;
  const { roles, grants, limit, expireTime } = await rightsOfHolder(db, holder);
  const ends = [expireTime, tokenExpireTime].flatMap((time) => (time ? [time.getTime()] : []));
  return {
    orgId,
    userId,
    apiKeyId: apiKeyId ?? "",
    roles,
    grants,
    ...(limit && { limit }),
    ...(ends.length > 0 && { expireTime: timestampFromDate(new Date(Math.min(...ends))) }),
  };
}
