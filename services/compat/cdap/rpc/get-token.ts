import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { TokenService } from "../../../../gen/compat/cdap/v1/tokens_pb.ts";
import { withClientAddress } from "../../client-address.ts";
import type { CdapDeps } from "../deps.ts";
import { loginMissing, loginRefused } from "../errors.ts";
import { readBasic } from "../read-basic.ts";

export const getToken =
  ({ auth }: CdapDeps): MethodImpl<typeof TokenService.method.getToken> =>
  async ({ authorization }, context) => {
    const login = readBasic(authorization);
    if (login === undefined) throw loginMissing();
    try {
      const { accessToken, expiresIn } = await auth.issueToken(login, withClientAddress(context));
      return { accessToken, tokenType: "Bearer", expiresIn };
    } catch (error) {
      // What can't be an e-mail address or a password is that of nobody.
      const isRefused = error instanceof ConnectError && refusals.includes(error.code);
      throw isRefused ? loginRefused() : error;
    }
  };

const refusals: readonly Code[] = [Code.Unauthenticated, Code.InvalidArgument];
