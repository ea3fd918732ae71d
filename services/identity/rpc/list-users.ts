import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { IdentityDeps } from "../deps.ts";
import { toUser } from "../message.ts";
import * as repository from "../user-repository.ts";

export const listUsers =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.listUsers> =>
  async (request, context) => {
    const page = pageOf(request);
    const read = await repository.listUsers(db, scopeOf(context), page);
    const { rows, nextPageToken } = cutPage(read, page, ({ userId }) => userId);
    return { users: rows.map(toUser), nextPageToken };
  };
