import type { Db } from "../../lib/database/database.ts";
import { findHolderOfUser } from "../login-repository.ts";
import { type HeldRights, rightsOfHolder } from "../rights.ts";

/** What a user may do now, without an API key. Undefined if there is no such active user. */
export async function rightsOfUser(
  db: Db,
  { orgId, userId }: { readonly orgId: string; readonly userId: string },
): Promise<HeldRights | undefined> {
  const holder = await findHolderOfUser(db, { orgId }, userId, null);
  return holder && rightsOfHolder(db, holder);
}
