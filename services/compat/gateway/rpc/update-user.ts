import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import { changeOf } from "../change-of.ts";
import type { GatewayDeps } from "../deps.ts";
import { toUser } from "../message.ts";
import { withUser } from "../with-user.ts";

/** A token that is left over, because the password is refused, expires soon. */
const resetSeconds = 60;

export const updateUser =
  (deps: GatewayDeps): MethodImpl<typeof UserService.method.updateUser> =>
  async ({ id, password, ...request }) => {
    const { users } = deps;
    const found = await withUser(id, (userId) => users.getUser({ userId }));
    const current = answeredBy("identity", found.user);
    const change = changeOf(request, current);
    // Before the rest, because it is refused more often.
    if (password !== undefined) await setPassword(deps, current.userId, password);
    if (change.updateMask.paths.length === 0) return { user: toUser(current) };
    const { user } = await withUser(id, () => users.updateUser(change));
    return { user: toUser(answeredBy("identity", user)) };
  };

/** Resets the password, and redeems the token of that at once. */
async function setPassword({ users, auth }: GatewayDeps, userId: string, newPassword: string): Promise<void> {
  const { resetToken } = await users.resetPassword({ userId, lifetimeSeconds: resetSeconds });
  await auth.redeemPasswordReset({ resetToken, newPassword });
}
