import { and, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { insertedRow, ofRevision } from "../lib/database/rows.ts";
import { booleanField, idField, nameField, textField, timeField, wordsField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { insertGrants, replaceRolesOfUser, rolesOfUser } from "./grants/grant-repository.ts";
import { adminRoles, platformAdminRole } from "./grants/roles.ts";
import { knownPlaces, orgs, users } from "./schema.ts";

/** A user, with the roles in the whole organisation. */
export type UserRow = typeof users.$inferSelect & { roles: string[] };
export type NewUser = Pick<UserRow, "userId" | "orgId" | "email" | "displayName" | "passwordHash" | "roles"> &
  Partial<Pick<UserRow, "kind">> & {
    readonly groups?: string[];
    /** The only namespace of the roles; undefined for the whole organisation. */
    readonly namespace?: string;
    readonly creatorUserId?: string;
  };
export type UserChange = Partial<Pick<UserRow, "displayName" | "roles" | "groups" | "active">>;

const columns = { ...getTableColumns(users), roles: rolesOfUser };

const one = (scope: Scope, userId: string) => and(eq(users.orgId, scope.orgId), eq(users.userId, userId));

export async function findUser(db: Db, scope: Scope, userId: string): Promise<UserRow | undefined> {
  const [row] = await db.select(columns).from(users).where(one(scope, userId));
  return row;
}

/** A user who may log in with a password, if active. */
export type Account = Pick<UserRow, "orgId" | "userId" | "passwordHash"> & {
  readonly isActive: boolean;
  /** Whether the user has logged in from this place before. */
  readonly isKnownPlace: boolean;
};

/**
 * Users with an e-mail address, active or not: of the named organisation, or of all if the name is empty. There is no scope before a
 * login.
 */
export function findAccounts(
  db: Db,
  { email, org }: { email: string; org: string },
  place: string,
): Promise<Account[]> {
  return db
    .select({
      orgId: users.orgId,
      userId: users.userId,
      passwordHash: users.passwordHash,
      isActive: users.active,
      isKnownPlace: sql<boolean>`${knownPlaces.userId} is not null`,
    })
    .from(users)
    .innerJoin(orgs, eq(orgs.orgId, users.orgId))
    .leftJoin(knownPlaces, and(eq(knownPlaces.userId, users.userId), eq(knownPlaces.place, place)))
    .where(
      and(
        eq(sql`lower(${users.email})`, sql`lower(${email})`),
        eq(users.kind, "person"),
        org === "" ? undefined : eq(orgs.name, org),
      ),
    );
}

/** The user of a service by its reserved address. */
export async function findServiceUser(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  email: string,
): Promise<UserRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(users)
    .where(and(eq(users.orgId, orgId), eq(users.email, email), eq(users.kind, "service")));
  return row;
}

/** Replaces a password's hash, unless it was changed meanwhile. */
export async function updatePasswordHash(
  db: Db,
  { userId, before, after }: { userId: string; before: string; after: string },
): Promise<boolean> {
  const rows = await db
    .update(users)
    .set({ passwordHash: after })
    .where(and(eq(users.userId, userId), eq(users.passwordHash, before)))
    .returning({ userId: users.userId });
  return rows.length > 0;
}

/** Sets the hash of a new password, whatever the old one was. */
export async function setPasswordHash(db: Db, userId: string, passwordHash: string): Promise<void> {
  await db.update(users).set({ passwordHash }).where(eq(users.userId, userId));
}

/**
 * Locks an active user until the transaction ends. Undefined if the user is gone or not active, or has another password's
 * hash than the given one.
 */
export async function lockActiveUser(
  tx: Db,
  userId: string,
  passwordHash?: string,
): Promise<Pick<UserRow, "userId" | "orgId"> | undefined> {
  const [row] = await tx
    .select({ userId: users.userId, orgId: users.orgId })
    .from(users)
    .where(
      and(
        eq(users.userId, userId),
        eq(users.active, true),
        passwordHash === undefined ? undefined : eq(users.passwordHash, passwordHash),
      ),
    )
    .for("share");
  return row;
}

/** The user of an organisation with an e-mail address. */
export async function findUserOfOrgByEmail(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  email: string,
): Promise<UserRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(users)
    .where(and(eq(users.orgId, orgId), eq(sql`lower(${users.email})`, sql`lower(${email})`)));
  return row;
}

/** Whether the installation has a platform administrator. */
export async function findPlatformAdmin(db: Db): Promise<Pick<UserRow, "userId"> | undefined> {
  const [row] = await db
    .select({ userId: users.userId })
    .from(users)
    .where(hasRole([platformAdminRole]))
    .limit(1);
  return row;
}

/** An active administrator of the organisation, who can log in. */
export async function findActiveAdmin(db: Db, scope: Scope): Promise<Pick<UserRow, "userId"> | undefined> {
  const [row] = await db
    .select({ userId: users.userId })
    .from(users)
    .where(
      and(
        eq(users.orgId, scope.orgId),
        eq(users.active, true),
        eq(users.kind, "person"),
        hasRole(adminRoles),
      ),
    )
    .limit(1);
  return row;
}

/** An active platform administrator. */
export async function findActivePlatformAdmin(db: Db): Promise<Pick<UserRow, "userId"> | undefined> {
  const [row] = await db
    .select({ userId: users.userId })
    .from(users)
    .where(and(eq(users.active, true), hasRole([platformAdminRole])))
    .limit(1);
  return row;
}

const userList = listOf<typeof users, UserRow>({
  table: users,
  columns,
  key: idField(users.userId),
  orderable: {
    create_time: timeField(users.createTime),
    display_name: textField(users.displayName),
    email: textField(users.email),
  },
  filterable: {
    display_name: nameField(users.displayName),
    email: nameField(users.email),
    roles: wordsField(rolesOfUser),
    active: booleanField(users.active),
    create_time: timeField(users.createTime),
    update_time: timeField(users.updateTime),
  },
});

export function listUsers(db: Db, scope: Scope, request: ListRequest): Promise<Page<UserRow>> {
  return userList.read(db, request, eq(users.orgId, scope.orgId));
}

export async function insertUser(tx: Db, user: NewUser): Promise<UserRow> {
  const { roles, namespace, creatorUserId = null, ...columnsOfUser } = user;
  const row = insertedRow(await tx.insert(users).values(columnsOfUser).returning());
  const grantee = { userId: user.userId, apiKeyId: null, groupName: null };
  await insertGrants(
    tx,
    { orgId: user.orgId, creatorUserId },
    roles.map((role) => ({ ...grantee, role, namespace: namespace ?? null })),
  );
  return { ...row, roles: namespace === undefined ? roles.toSorted() : [] };
}

/** Updates a user with this revision (undefined: any). Undefined if no row matches. */
export async function updateUser(
  tx: Db,
  scope: Scope,
  userId: string,
  revision: number | undefined,
  { roles, ...change }: UserChange,
): Promise<UserRow | undefined> {
  const [row] = await tx
    .update(users)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${users.revision} + 1` })
    .where(and(one(scope, userId), ofRevision(users.revision, revision)))
    .returning({ userId: users.userId });
  if (!row) return undefined;
  if (roles) await replaceRolesOfUser(tx, scope, userId, roles);
  return findUser(tx, scope, userId);
}

/** Removes a user with their keys and logins. */
export async function deleteUser(db: Db, scope: Scope, userId: string): Promise<void> {
  await db.delete(users).where(one(scope, userId));
}

/** Condition for users with one of the roles in the whole organisation, by themselves or by a group. */
const hasRole = (roles: readonly string[]): SQL => sql`exists (
  select from identity.grants granted
  where granted.org_id = "identity"."users"."org_id" and granted.namespace is null
    and granted.role = any(${sql.param([...roles])}::text[])
    and (granted.user_id = "identity"."users"."user_id" or granted.group_name = any("identity"."users"."groups"))
)`;
