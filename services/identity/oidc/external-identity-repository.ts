import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { orgs, users } from "../schema.ts";
import { externalIdentities } from "./external-identity-schema.ts";

/** A user as an issuer knows them. */
export type ExternalSubject = { readonly issuer: string; readonly subject: string };

/** The account of a subject in an organisation. */
export type ExternalIdentity = {
  readonly orgId: string;
  readonly userId: string;
  readonly active: boolean;
  /** All groups of the user. */
  readonly userGroups: readonly string[];
  /** Those of them that the issuer's rules gave at the last sign-in. */
  readonly ruledGroups: readonly string[];
};

const ofSubject = ({ issuer, subject }: ExternalSubject) =>
  and(eq(externalIdentities.issuer, issuer), eq(externalIdentities.subject, subject));

/** By the organisation's name; undefined if the subject never signed in to it. */
export async function findExternalIdentity(
  db: Db,
  orgName: string,
  subject: ExternalSubject,
): Promise<ExternalIdentity | undefined> {
  const [row] = await db
    .select({
      orgId: users.orgId,
      userId: users.userId,
      active: users.active,
      userGroups: users.groups,
      ruledGroups: externalIdentities.ruledGroups,
    })
    .from(externalIdentities)
    .innerJoin(orgs, and(eq(orgs.orgId, externalIdentities.orgId), eq(orgs.name, orgName)))
    .innerJoin(
      users,
      and(eq(users.orgId, externalIdentities.orgId), eq(users.userId, externalIdentities.userId)),
    )
    .where(ofSubject(subject));
  return row;
}

export async function insertExternalIdentity(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  identity: ExternalSubject & { readonly userId: string },
): Promise<void> {
  await db.insert(externalIdentities).values({ ...identity, orgId });
}

/** Records a sign-in with the groups of its claims. */
export async function updateExternalIdentity(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  subject: ExternalSubject,
  groups: readonly string[],
): Promise<void> {
  await db
    .update(externalIdentities)
    .set({ ruledGroups: [...groups], signInTime: sql`now()` })
    .where(and(eq(externalIdentities.orgId, orgId), ofSubject(subject)));
}

/** Groups of a user after a sign-in: those that the rules give now replace those that they gave before. */
export const groupsAfter = (
  { userGroups, ruledGroups }: Pick<ExternalIdentity, "userGroups" | "ruledGroups">,
  given: readonly string[],
): string[] => [...new Set([...userGroups.filter((group) => !ruledGroups.includes(group)), ...given])].sort();
