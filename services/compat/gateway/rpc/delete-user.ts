import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import type { GatewayDeps } from "../deps.ts";
import { withUser } from "../with-user.ts";

export const deleteUser =
  ({ users }: GatewayDeps): MethodImpl<typeof UserService.method.deleteUser> =>
  async ({ id }) => {
    await withUser(id, (userId) => users.deleteUser({ userId }));
    return {};
  };
