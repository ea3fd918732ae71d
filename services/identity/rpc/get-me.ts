import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { readUser } from "../read-user.ts";

export const getMe =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.getMe> =>
  async (_request, context) => {
    const scope = scopeOf(context);
    return { user: await readUser(db, scope, scope.principal.userId) };
  };
