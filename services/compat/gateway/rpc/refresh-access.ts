import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService, RefreshAccessRequest } from "../../../../gen/compat/gateway/v1/auth_pb.ts";
import { withClientAddress } from "../../client-address.ts";
import type { GatewayDeps } from "../deps.ts";
import { headerMalformed, headerMissing, notARefreshToken } from "../errors.ts";

export const refreshAccess =
  ({ accounts }: GatewayDeps): MethodImpl<typeof AuthService.method.refreshAccess> =>
  async (request, context) => {
    const refreshToken = tokenOf(request);
    const { accessToken } = await accounts.renewAccessToken({ refreshToken }, withClientAddress(context));
    return { accessToken, tokenType: "bearer" };
  };

function tokenOf({ authorization }: RefreshAccessRequest): string {
  if (authorization === "") throw headerMissing();
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw headerMalformed();
  // Access tokens have three parts, and API keys a mark of their own.
  if (token.includes(".") || token.startsWith("sk_")) throw notARefreshToken();
  return token;
}
