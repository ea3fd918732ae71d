import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { toUser } from "../message.ts";
import * as repository from "../user-repository.ts";

export const listUsers =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.listUsers> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listUsers(db, scopeOf(context), request);
    return { users: rows.map(toUser), ...page };
  };
