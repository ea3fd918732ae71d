import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { IdentityDeps } from "./deps.ts";
import { bindSecrets } from "./rpc/bind-secrets.ts";
import { createApiKey } from "./rpc/create-api-key.ts";
import { createOrg } from "./rpc/create-org.ts";
import { createUser } from "./rpc/create-user.ts";
import { deleteSecret } from "./rpc/delete-secret.ts";
import { deleteUser } from "./rpc/delete-user.ts";
import { getJwks } from "./rpc/get-jwks.ts";
import { getMe } from "./rpc/get-me.ts";
import { getOrg } from "./rpc/get-org.ts";
import { getPrincipal } from "./rpc/get-principal.ts";
import { getUser } from "./rpc/get-user.ts";
import { issueToken } from "./rpc/issue-token.ts";
import { listApiKeys } from "./rpc/list-api-keys.ts";
import { listOrgs } from "./rpc/list-orgs.ts";
import { listSecrets } from "./rpc/list-secrets.ts";
import { listUnboundOrgs } from "./rpc/list-unbound-orgs.ts";
import { listUsers } from "./rpc/list-users.ts";
import { putSecret } from "./rpc/put-secret.ts";
import { refreshToken } from "./rpc/refresh-token.ts";
import { resolveSecret } from "./rpc/resolve-secret.ts";
import { revokeApiKey } from "./rpc/revoke-api-key.ts";
import { revokeToken } from "./rpc/revoke-token.ts";
import { updateOrg } from "./rpc/update-org.ts";
import { updateSecret } from "./rpc/update-secret.ts";
import { updateUser } from "./rpc/update-user.ts";
import { verifyCredential } from "./rpc/verify-credential.ts";
import { whoAmI } from "./rpc/who-am-i.ts";

/** Every service of identity, guarded. */
export function identityServices(deps: IdentityDeps): GuardedService[] {
  return [
    guard(AuthService, {
      issueToken: issueToken(deps),
      refreshToken: refreshToken(deps),
      revokeToken: revokeToken(deps),
      getJwks: getJwks(deps),
      whoAmI,
    }),
    guard(UserService, {
      createUser: createUser(deps),
      getUser: getUser(deps),
      getMe: getMe(deps),
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
      listApiKeys: listApiKeys(deps),
      revokeApiKey: revokeApiKey(deps),
    }),
    guard(SecretService, {
      putSecret: putSecret(deps),
      updateSecret: updateSecret(deps),
      listSecrets: listSecrets(deps),
      deleteSecret: deleteSecret(deps),
    }),
    guard(PolicyService, {
      verifyCredential: verifyCredential(deps),
      resolveSecret: resolveSecret(deps),
      bindSecrets: bindSecrets(deps),
      listUnboundOrgs: listUnboundOrgs(deps),
      getPrincipal: getPrincipal(deps),
    }),
  ];
}
