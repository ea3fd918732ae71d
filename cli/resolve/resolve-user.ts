import { type User, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { resolveId } from "./resolve-id.ts";

/** The id of a user, by e-mail address or id. */
export const resolveUser = (call: Call, emailOrId: string): Promise<string> =>
  resolveId(
    emailOrId,
    "user",
    () => readAll(call, UserService, UserService.method.listUsers, {}, ({ users }) => users),
    { id: ({ userId }: User) => userId, name: ({ email }: User) => email },
  );
