import type { MethodImpl } from "@connectrpc/connect";
import type { User, UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { toUser } from "../message.ts";
import * as repository from "../user-repository.ts";

export const getUser =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.getUser> =>
  async ({ userId }, context) => ({ user: await readUser(db, scopeOf(context), userId) });

export const getMe =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.getMe> =>
  async (_request, context) => {
    const scope = scopeOf(context);
    return { user: await readUser(db, scope, scope.principal.userId) };
  };

export const listUsers =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.listUsers> =>
  async (request, context) => {
    const page = pageOf(request);
    const read = await repository.listUsers(db, scopeOf(context), page);
    const { rows, nextPageToken } = cutPage(read, page, ({ userId }) => userId);
    return { users: rows.map(toUser), nextPageToken };
  };

async function readUser(db: Db, scope: Scope, userId: string): Promise<User> {
  const row = await repository.findUser(db, scope, userId);
  if (!row) throw userNotFound(userId);
  return toUser(row);
}
