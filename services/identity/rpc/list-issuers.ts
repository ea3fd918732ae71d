import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { IdentityDeps } from "../deps.ts";
import type { Issuer } from "../oidc/issuer.ts";

export const listIssuers =
  ({ issuers }: IdentityDeps): MethodImpl<typeof AuthService.method.listIssuers> =>
  async () => ({ issuers: await Promise.all(issuers.all.map(describe)) });

async function describe({ config, metadata }: Issuer) {
  const server = await metadata().catch(() => undefined);
  return {
    name: config.name,
    displayName: config.display_name ?? config.name,
    issuer: config.issuer,
    authorizationEndpoint: server?.authorization_endpoint ?? "",
    clientId: config.client_id,
    scopes: config.scopes,
  };
}
