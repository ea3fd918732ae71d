import type { MethodImpl } from "@connectrpc/connect";
import type { UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import type { User } from "../../../../gen/sluice/identity/v1/users_pb.ts";
import type { GatewayDeps } from "../deps.ts";
import { toUser } from "../message.ts";

/** Most users that one call lists. The contract states it, and the same for those that it leaves out before. */
const usersMax = 10_000;
const readMax = 2 * usersMax;
const pageSize = 1000;

export const listUsers =
  (deps: GatewayDeps): MethodImpl<typeof UserService.method.listUsers> =>
  async ({ skip, limit = usersMax }) => {
    const users = await readUsers(deps);
    return { users: users.slice(skip, skip + limit).map(toUser) };
  };

/** The users, oldest first: their ids are ordered by age, whatever the order of the pages is. */
async function readUsers({ users }: GatewayDeps): Promise<User[]> {
  const read: User[] = [];
  let pageToken = "";
  do {
    const page = await users.listUsers({ pageSize, pageToken });
    read.push(...page.users);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && read.length < readMax);
  return read.sort((one, other) => (one.userId < other.userId ? -1 : 1));
}
