import type { MethodImpl } from "@connectrpc/connect";
import { AuditMethod } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { newId } from "../../lib/values/ids.ts";
import { recordLogin } from "../audit/login-events.ts";
import { makeRefreshToken, tokensFor } from "../credentials/tokens.ts";
import type { IdentityDeps } from "../deps.ts";
import { accountUnknown, issuerNotFound } from "../errors.ts";
import { insertLogin } from "../login-repository.ts";
import { exchange } from "../oidc/exchange.ts";
import type { IssuerConfig } from "../oidc/issuers-file.ts";
import { isRedirectAllowed } from "../oidc/redirect-uri.ts";
import { signIn } from "../oidc/sign-in.ts";
import type { Claims } from "../oidc/verify-issuer-token.ts";
import { lockActiveUser } from "../user-repository.ts";

const hourMs = 3_600_000;
/** Another account got the address meanwhile, or the account with the address is another subject's. */
const emailTaken = /^(users_email|external_identities_user_unique)/;

export const exchangeCode =
  ({ db, issuers, keyRing, refusals }: IdentityDeps): MethodImpl<typeof AuthService.method.exchangeCode> =>
  async (request) => {
    const issuer = issuers.find(request.issuer);
    if (!issuer) throw issuerNotFound(request.issuer);
    const { config } = issuer;
    if (!isRedirectAllowed(config, request.redirectUri)) {
      throw invalidField(
        "redirect_uri",
        "must be http://127.0.0.1:<port>/… or http://[::1]:<port>/…, or one of the issuer's settings",
      );
    }
    const claims = await issuer.withPermit(() => exchange(issuer, request));
    const login = await db
      .transaction((tx) => logIn(tx, refusals, { config, claims }))
      .catch((error) => {
        if (emailTaken.test(violatedConstraint(error) ?? ""))
          throw accountUnknown(config.name, "email_taken");
        throw error;
      });
    return tokensFor(keyRing, login);
  };

type SignIn = { readonly config: IssuerConfig; readonly claims: Claims };

async function logIn(tx: Db, refusals: IdentityDeps["refusals"], { config, claims }: SignIn) {
  const { orgId, userId } = await signIn(tx, config, claims);
  if (!(await lockActiveUser(tx, userId))) {
    refusals.note({ orgId, userId, method: AuditMethod.OIDC });
    throw accountUnknown(config.name, "account_inactive");
  }
  const loginId = newId();
  const endTime = new Date(Date.now() + config.session_max_hours * hourMs);
  const subject = { orgId, userId, loginId };
  const issuedTime = await insertLogin(tx, { ...subject, apiKeyId: null, endTime });
  const refreshToken = await makeRefreshToken(tx, loginId);
  await recordLogin(tx, { ...subject, apiKeyId: null }, AuditMethod.OIDC);
  return { subject, issuedTime, refreshToken };
}
