import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { GatewayDeps } from "../deps.ts";
import { toUser } from "../message.ts";

export const getMe =
  ({ users }: GatewayDeps): MethodImpl<typeof UserService.method.getMe> =>
  async () => {
    const { user } = await users.getMe({});
    return { user: toUser(answeredBy("identity", user)) };
  };
