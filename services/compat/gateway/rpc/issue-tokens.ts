import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../../gen/compat/gateway/v1/auth_pb.ts";
import { ErrorInfoSchema } from "../../../../gen/google/rpc/error_details_pb.ts";
import { withClientAddress } from "../../client-address.ts";
import type { GatewayDeps } from "../deps.ts";
import { loginRefused, userInactive } from "../errors.ts";

export const issueTokens =
  ({ auth }: GatewayDeps): MethodImpl<typeof AuthService.method.issueTokens> =>
  async ({ email, password }, context) => {
    try {
      const tokens = await auth.issueToken({ email, password }, withClientAddress(context));
      const { accessToken, refreshToken } = tokens;
      return { accessToken, refreshToken, tokenType: "bearer" };
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.Unauthenticated) throw error;
      throw isOfInactiveUser(error) ? userInactive() : loginRefused();
    }
  };

/** Whether the password was right, and its user is not active. */
const isOfInactiveUser = (error: ConnectError): boolean =>
  error.findDetails(ErrorInfoSchema).some(({ metadata }) => metadata.cause === "user_inactive");
