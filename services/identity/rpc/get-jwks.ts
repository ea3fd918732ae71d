import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { IdentityDeps } from "../deps.ts";

export const getJwks =
  ({ keyRing }: IdentityDeps): MethodImpl<typeof AuthService.method.getJwks> =>
  async () => {
    const keys = await keyRing.published();
    return {
      keys: keys.map(({ kid, x }) => ({ kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" })),
    };
  };
