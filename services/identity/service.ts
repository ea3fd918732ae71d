import { AccessService } from "../../gen/sluice/identity/v1/access_pb.ts";
import { AccountService } from "../../gen/sluice/identity/v1/accounts_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { KeyService } from "../../gen/sluice/identity/v1/keys_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { IdentityDeps } from "./deps.ts";
import { bindSecrets } from "./rpc/bind-secrets.ts";
import { changePassword } from "./rpc/change-password.ts";
import { checkNamespace } from "./rpc/check-namespace.ts";
import { createApiKey } from "./rpc/create-api-key.ts";
import { createGrant } from "./rpc/create-grant.ts";
import { createNamespace } from "./rpc/create-namespace.ts";
import { createOrg } from "./rpc/create-org.ts";
import { createUser } from "./rpc/create-user.ts";
import { deleteExternalId } from "./rpc/delete-external-id.ts";
import { deleteGrant } from "./rpc/delete-grant.ts";
import { deleteNamespace } from "./rpc/delete-namespace.ts";
import { deletePreferences } from "./rpc/delete-preferences.ts";
import { deleteSecret } from "./rpc/delete-secret.ts";
import { deleteUser } from "./rpc/delete-user.ts";
import { exchangeCode } from "./rpc/exchange-code.ts";
import { explainAccess } from "./rpc/explain-access.ts";
import { exportAuditEvents } from "./rpc/export-audit-events.ts";
import { getApiKey } from "./rpc/get-api-key.ts";
import { getEncryptionStatus } from "./rpc/get-encryption-status.ts";
import { getJwks } from "./rpc/get-jwks.ts";
import { getMe } from "./rpc/get-me.ts";
import { getNamespace } from "./rpc/get-namespace.ts";
import { getOrg } from "./rpc/get-org.ts";
import { getPreferences } from "./rpc/get-preferences.ts";
import { getPrincipal } from "./rpc/get-principal.ts";
import { getUser } from "./rpc/get-user.ts";
import { issueToken } from "./rpc/issue-token.ts";
import { listApiKeys } from "./rpc/list-api-keys.ts";
import { listAuditEvents } from "./rpc/list-audit-events.ts";
import { listExternalIds } from "./rpc/list-external-ids.ts";
import { listGrants } from "./rpc/list-grants.ts";
import { listIssuers } from "./rpc/list-issuers.ts";
import { listNamespaces } from "./rpc/list-namespaces.ts";
import { listOrgs } from "./rpc/list-orgs.ts";
import { listSecrets } from "./rpc/list-secrets.ts";
import { listUnboundOrgs } from "./rpc/list-unbound-orgs.ts";
import { listUsers } from "./rpc/list-users.ts";
import { putExternalId } from "./rpc/put-external-id.ts";
import { putSecret } from "./rpc/put-secret.ts";
import { redeemPasswordReset } from "./rpc/redeem-password-reset.ts";
import { refreshToken } from "./rpc/refresh-token.ts";
import { registerUser } from "./rpc/register-user.ts";
import { renewAccessToken } from "./rpc/renew-access-token.ts";
import { resetPassword } from "./rpc/reset-password.ts";
import { resolveDelegate } from "./rpc/resolve-delegate.ts";
import { resolveSecret } from "./rpc/resolve-secret.ts";
import { revokeApiKey } from "./rpc/revoke-api-key.ts";
import { revokeToken } from "./rpc/revoke-token.ts";
import { rotateSigningKeys } from "./rpc/rotate-signing-keys.ts";
import { setPreferences } from "./rpc/set-preferences.ts";
import { updateApiKey } from "./rpc/update-api-key.ts";
import { updateMe } from "./rpc/update-me.ts";
import { updateNamespace } from "./rpc/update-namespace.ts";
import { updateOrg } from "./rpc/update-org.ts";
import { updateSecret } from "./rpc/update-secret.ts";
import { updateUser } from "./rpc/update-user.ts";
import { verifyChain } from "./rpc/verify-chain.ts";
import { verifyCredential } from "./rpc/verify-credential.ts";
import { whoAmI } from "./rpc/who-am-i.ts";

/** Services of the identity process, with authorisation and validation. */
export function identityServices(deps: IdentityDeps): GuardedService[] {
  return [
    guard(AuthService, {
      issueToken: issueToken(deps),
      refreshToken: refreshToken(deps),
      revokeToken: revokeToken(deps),
      redeemPasswordReset: redeemPasswordReset(deps),
      getJwks: getJwks(deps),
      whoAmI,
      listIssuers: listIssuers(deps),
      exchangeCode: exchangeCode(deps),
    }),
    guard(AccountService, {
      registerUser: registerUser(deps),
      renewAccessToken: renewAccessToken(deps),
    }),
    guard(UserService, {
      createUser: createUser(deps),
      getUser: getUser(deps),
      getMe: getMe(deps),
      updateMe: updateMe(deps),
      changePassword: changePassword(deps),
      resetPassword: resetPassword(deps),
      listUsers: listUsers(deps),
      updateUser: updateUser(deps),
      deleteUser: deleteUser(deps),
    }),
    guard(OrgService, {
      createOrg: createOrg(deps),
      getOrg: getOrg(deps),
      listOrgs: listOrgs(deps),
      updateOrg: updateOrg(deps),
    }),
    guard(ApiKeyService, {
      createApiKey: createApiKey(deps),
      getApiKey: getApiKey(deps),
      listApiKeys: listApiKeys(deps),
      updateApiKey: updateApiKey(deps),
      revokeApiKey: revokeApiKey(deps),
    }),
    guard(KeyService, {
      rotateSigningKeys: rotateSigningKeys(deps),
      getEncryptionStatus: getEncryptionStatus(deps),
    }),
    guard(DelegationService, {
      putExternalId: putExternalId(deps),
      listExternalIds: listExternalIds(deps),
      deleteExternalId: deleteExternalId(deps),
    }),
    guard(SecretService, {
      putSecret: putSecret(deps),
      updateSecret: updateSecret(deps),
      listSecrets: listSecrets(deps),
      deleteSecret: deleteSecret(deps),
    }),
    guard(NamespaceService, {
      createNamespace: createNamespace(deps),
      getNamespace: getNamespace(deps),
      listNamespaces: listNamespaces(deps),
      updateNamespace: updateNamespace(deps),
      deleteNamespace: deleteNamespace(deps),
      getPreferences: getPreferences(deps),
      setPreferences: setPreferences(deps),
      deletePreferences: deletePreferences(deps),
    }),
    guard(GrantService, {
      createGrant: createGrant(deps),
      deleteGrant: deleteGrant(deps),
      listGrants: listGrants(deps),
    }),
    guard(AccessService, { explainAccess: explainAccess(deps) }),
    guard(AuditService, {
      listAuditEvents: listAuditEvents(deps),
      exportAuditEvents: exportAuditEvents(deps),
      verifyChain: verifyChain(deps),
    }),
    guard(PolicyService, {
      checkNamespace: checkNamespace(deps),
      verifyCredential: verifyCredential(deps),
      resolveDelegate: resolveDelegate(deps),
      resolveSecret: resolveSecret(deps),
      bindSecrets: bindSecrets(deps),
      listUnboundOrgs: listUnboundOrgs(deps),
      getPrincipal: getPrincipal(deps),
    }),
  ];
}
