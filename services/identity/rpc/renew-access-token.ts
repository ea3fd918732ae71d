import type { MethodImpl } from "@connectrpc/connect";
import type { AccountService } from "../../../gen/sluice/identity/v1/accounts_pb.ts";
import { newId } from "../../lib/values/ids.ts";
import { signAccessToken } from "../credentials/access-token.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import { findLoginOfValidToken } from "../credentials/renewal-repository.ts";
import { accessTokenSeconds } from "../credentials/signing-keys.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid } from "../errors.ts";
import { findHolderOfLogin } from "../login-repository.ts";

export const renewAccessToken =
  ({ db, keyRing }: IdentityDeps): MethodImpl<typeof AccountService.method.renewAccessToken> =>
  async ({ refreshToken }) => {
    const loginId = await findLoginOfValidToken(db, secretSha256(refreshToken));
    const holder = loginId === undefined ? undefined : await findHolderOfLogin(db, loginId);
    if (loginId === undefined || !holder) throw credentialInvalid();
    const { userId, orgId } = holder;
    const issue = { tokenId: newId(), issuedTime: holder.now };
    const accessToken = await signAccessToken(keyRing, { userId, orgId, loginId }, issue);
    return { accessToken, expiresIn: accessTokenSeconds };
  };
