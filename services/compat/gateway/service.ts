import { AuthService } from "../../../gen/compat/gateway/v1/auth_pb.ts";
import { UserService } from "../../../gen/compat/gateway/v1/users_pb.ts";
import { type GuardedService, guard } from "../../lib/rpc/guard.ts";
import type { GatewayDeps } from "./deps.ts";
import { createUser } from "./rpc/create-user.ts";
import { deleteUser } from "./rpc/delete-user.ts";
import { getMe } from "./rpc/get-me.ts";
import { getUser } from "./rpc/get-user.ts";
import { issueTokens } from "./rpc/issue-tokens.ts";
import { listUsers } from "./rpc/list-users.ts";
import { refreshAccess } from "./rpc/refresh-access.ts";
import { updateMe } from "./rpc/update-me.ts";
import { updateUser } from "./rpc/update-user.ts";

/** Services of the JWT gateway's API. */
export const gatewayServices = (deps: GatewayDeps): GuardedService[] => [
  guard(AuthService, {
    issueTokens: issueTokens(deps),
    refreshAccess: refreshAccess(deps),
  }),
  guard(UserService, {
    createUser: createUser(deps),
    listUsers: listUsers(deps),
    getMe: getMe(deps),
    updateMe: updateMe(deps),
    getUser: getUser(deps),
    updateUser: updateUser(deps),
    deleteUser: deleteUser(deps),
  }),
];
