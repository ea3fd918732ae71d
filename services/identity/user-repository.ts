import { and, arrayContains, arrayOverlaps, asc, eq, ne, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow, ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { adminRoles, platformAdminRole } from "./roles.ts";
import { users } from "./schema.ts";

export type UserRow = typeof users.$inferSelect;
export type NewUser = Pick<UserRow, "userId" | "orgId" | "email" | "displayName" | "passwordHash" | "roles">;
export type UserChange = Partial<Pick<UserRow, "displayName" | "roles" | "active">>;

const one = (scope: Scope, userId: string) => and(eq(users.orgId, scope.orgId), eq(users.userId, userId));

export async function findUser(db: Db, scope: Scope, userId: string): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(one(scope, userId));
  return row;
}

/** The user with an e-mail address, in any organisation: there is no scope before a login. */
export async function findUserByEmail(db: Db, email: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(eq(sql`lower(${users.email})`, sql`lower(${email})`));
  return row;
}

/** Locks an active user until the transaction ends. Undefined if the user is gone or not active. */
export async function lockActiveUser(
  tx: Db,
  userId: string,
): Promise<Pick<UserRow, "userId" | "orgId"> | undefined> {
  const [row] = await tx
    .select({ userId: users.userId, orgId: users.orgId })
    .from(users)
    .where(and(eq(users.userId, userId), eq(users.active, true)))
    .for("share");
  return row;
}

/** Whether the installation has a platform administrator. */
export async function findPlatformAdmin(db: Db): Promise<Pick<UserRow, "userId"> | undefined> {
  const [row] = await db
    .select({ userId: users.userId })
    .from(users)
    .where(arrayContains(users.roles, [platformAdminRole]))
    .limit(1);
  return row;
}

/** An active administrator of the organisation other than this user. */
export async function findOtherAdmin(
  db: Db,
  scope: Scope,
  userId: string,
): Promise<Pick<UserRow, "userId"> | undefined> {
  const [row] = await db
    .select({ userId: users.userId })
    .from(users)
    .where(
      and(
        eq(users.orgId, scope.orgId),
        ne(users.userId, userId),
        eq(users.active, true),
        arrayOverlaps(users.roles, [...adminRoles]),
      ),
    )
    .limit(1);
  return row;
}

/** Users ordered by id, which is by age. */
export function listUsers(db: Db, scope: Scope, page: Page): Promise<UserRow[]> {
  return db
    .select()
    .from(users)
    .where(and(eq(users.orgId, scope.orgId), fromPage(users.userId, page)))
    .orderBy(asc(users.userId))
    .limit(page.limit);
}

export async function insertUser(db: Db, user: NewUser): Promise<UserRow> {
  return insertedRow(await db.insert(users).values(user).returning());
}

/** Updates a user with this revision (undefined: any). Undefined if no row matches. */
export async function updateUser(
  db: Db,
  scope: Scope,
  userId: string,
  revision: number | undefined,
  change: UserChange,
): Promise<UserRow | undefined> {
  const [row] = await db
    .update(users)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${users.revision} + 1` })
    .where(and(one(scope, userId), ofRevision(users.revision, revision)))
    .returning();
  return row;
}

/** Removes a user with their keys and logins. */
export async function deleteUser(db: Db, scope: Scope, userId: string): Promise<void> {
  await db.delete(users).where(one(scope, userId));
}
