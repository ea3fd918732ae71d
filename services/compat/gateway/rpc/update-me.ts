import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { UpdateMeRequest, UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import { invalidField } from "../../../lib/rpc/errors.ts";
import { answeredBy } from "../../answered-by.ts";
import { changeOf } from "../change-of.ts";
import type { GatewayDeps } from "../deps.ts";
import { loginRefused } from "../errors.ts";
import { toUser } from "../message.ts";

export const updateMe =
  (deps: GatewayDeps): MethodImpl<typeof UserService.method.updateMe> =>
  async (request) => {
    const { users } = deps;
    const found = await users.getMe({});
    const current = answeredBy("identity", found.user);
    const { user, updateMask } = changeOf(request, current);
    // Before the rest, because it is refused more often.
    if (request.password !== undefined) await changePassword(deps, request);
    if (updateMask.paths.length === 0) return { user: toUser(current) };
    const { etag, displayName } = user;
    const changed = await users.updateMe({ user: { etag, displayName }, updateMask });
    return { user: toUser(answeredBy("identity", changed.user)) };
  };

async function changePassword({ users }: GatewayDeps, request: UpdateMeRequest): Promise<void> {
  const { password: newPassword = "", oldPassword = "" } = request;
  if (oldPassword === "") throw invalidField("old_password", "is required with password");
  try {
    await users.changePassword({ oldPassword, newPassword });
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.Unauthenticated) throw loginRefused();
    throw error;
  }
}
