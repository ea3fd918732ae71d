import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { verifyAccessToken } from "../credentials/access-token.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid } from "../errors.ts";
import { findHolderOfKey, findHolderOfLogin, type Holder } from "../login-repository.ts";
import { rolesOfHolder } from "../roles.ts";

export const verifyCredential =
  (deps: IdentityDeps): MethodImpl<typeof PolicyService.method.verifyCredential> =>
  async ({ credential }) => {
    switch (credential.case) {
      case "apiKey":
        return verifyKey(deps, credential.value);
      case "accessToken":
        return verifyToken(deps, credential.value);
      default:
        throw credentialInvalid();
    }
  };

async function verifyKey({ db }: IdentityDeps, apiKey: string) {
  const holder = await findHolderOfKey(db, secretSha256(apiKey));
  if (!holder) throw credentialInvalid();
  return { ...principalOf(holder), apiKeyId: holder.apiKeyId ?? "", ...expiry(holder.keyExpireTime) };
}

async function verifyToken({ db, keyRing }: IdentityDeps, accessToken: string) {
  const { loginId, expireTime } = await verifyAccessToken(keyRing, accessToken);
  const holder = await findHolderOfLogin(db, loginId);
  if (!holder) throw credentialInvalid();
  const endsMs = Math.min(expireTime.getTime(), holder.keyExpireTime?.getTime() ?? Infinity);
  return { ...principalOf(holder), ...expiry(new Date(endsMs)) };
}

const principalOf = (holder: Holder) => ({
  orgId: holder.orgId,
  userId: holder.userId,
  roles: rolesOfHolder(holder),
});

const expiry = (time: Date | null) => (time ? { expireTime: timestampFromDate(time) } : {});
