import type { User } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { userNotFound } from "./errors.ts";
import { toUser } from "./message.ts";
import { findUser } from "./user-repository.ts";

/** A user of the organisation as a message; NotFound for any other id. */
export async function readUser(db: Db, scope: Scope, userId: string): Promise<User> {
  const row = await findUser(db, scope, userId);
  if (!row) throw userNotFound(userId);
  return toUser(row);
}
