import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { GatewayDeps } from "../deps.ts";
import { toUser } from "../message.ts";
import { withUser } from "../with-user.ts";

export const getUser =
  ({ users }: GatewayDeps): MethodImpl<typeof UserService.method.getUser> =>
  async ({ id }) => {
    const { user } = await withUser(id, (userId) => users.getUser({ userId }));
    return { user: toUser(answeredBy("identity", user)) };
  };
