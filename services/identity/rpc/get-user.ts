import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { readUser } from "../read-user.ts";

export const getUser =
  ({ db }: IdentityDeps): MethodImpl<typeof UserService.method.getUser> =>
  async ({ userId }, context) => ({ user: await readUser(db, scopeOf(context), userId) });
