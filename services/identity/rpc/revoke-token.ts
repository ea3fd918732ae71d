import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { recordRevocation } from "../audit/login-events.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { findLoginOfRefreshToken, revokeLogin } from "../login-repository.ts";

export const revokeToken =
  ({ db }: IdentityDeps): MethodImpl<typeof AuthService.method.revokeToken> =>
  async ({ refreshToken }) => {
    const loginId = await findLoginOfRefreshToken(db, secretSha256(refreshToken));
    if (!loginId) return {};
    await db.transaction(async (tx) => {
      const owner = await revokeLogin(tx, loginId);
      if (owner) await recordRevocation(tx, { ...owner, loginId });
    });
    return {};
  };
