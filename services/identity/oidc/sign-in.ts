import type { Db } from "../../lib/database/database.ts";
import { newId } from "../../lib/values/ids.ts";
import { saltOf } from "../accounts/salt-repository.ts";
import { holdLock } from "../advisory-lock.ts";
import { noPassword } from "../credentials/password.ts";
import { type AccountCause, accountUnknown } from "../errors.ts";
import { platformAdminRole } from "../grants/roles.ts";
import { findOrgByName } from "../org-repository.ts";
import { findUserOfOrgByEmail, insertUser, type UserRow } from "../user-repository.ts";
import { applyMapped } from "./apply-mapped.ts";
import {
  type ExternalIdentity,
  type ExternalSubject,
  findExternalIdentity,
  insertExternalIdentity,
  updateExternalIdentity,
} from "./external-identity-repository.ts";
import type { IssuerConfig } from "./issuers-file.ts";
import { type Mapped, mapClaims } from "./map-claims.ts";
import { type Profile, profileOf } from "./profile.ts";
import type { Claims } from "./verify-issuer-token.ts";

/**
 * The account of a subject, created or linked at the first sign-in if the settings allow it, with the roles and groups
 * of the claims. The account may be inactive. Throws accountUnknown.
 */
export async function signIn(tx: Db, config: IssuerConfig, claims: Claims): Promise<ExternalIdentity> {
  const mapped = mapClaims(config, claims);
  const subject = { issuer: config.issuer, subject: claims.sub };
  // Two first sign-ins at the same time make one account.
  await holdLock(tx, `subject ${JSON.stringify(subject)}`);
  const identity =
    (await findExternalIdentity(tx, mapped.org, subject)) ??
    (await addIdentity(tx, config, { mapped, subject, profile: profileOf(claims) }));
  await applyMapped(tx, config.name, identity, mapped);
  await updateExternalIdentity(tx, identity, subject, mapped.groups);
  return identity;
}

type First = { readonly mapped: Mapped; readonly subject: ExternalSubject; readonly profile: Profile };

/** Links the subject to an account. */
async function addIdentity(tx: Db, config: IssuerConfig, first: First): Promise<ExternalIdentity> {
  const { orgId, userId, active, groups } = await accountFor(tx, config, first);
  await insertExternalIdentity(tx, { orgId }, { ...first.subject, userId });
  return { orgId, userId, active, userGroups: groups, ruledGroups: [] };
}

async function accountFor(tx: Db, config: IssuerConfig, { mapped, profile }: First): Promise<UserRow> {
  const refuse = (cause: AccountCause) => accountUnknown(config.name, cause);
  if (!config.create_accounts && !config.link_by_verified_email) throw refuse("account_missing");
  const org = await findOrgByName(tx, mapped.org);
  if (!org) throw refuse("org_unknown");
  const { email, displayName, isEmailVerified = config.assume_email_verified } = profile;
  if (email === undefined) throw refuse("email_missing");
  if (!isEmailVerified) throw refuse("email_unverified");
  const known = await findUserOfOrgByEmail(tx, org, email);
  if (known && mayLink(config, known)) return known;
  if (known) throw refuse("email_taken");
  if (!config.create_accounts) throw refuse("account_missing");
  return insertUser(tx, {
    userId: newId(),
    orgId: org.orgId,
    email,
    displayName,
    passwordHash: noPassword(await saltOf(tx, email)),
    roles: [...(mapped.roles ?? config.default_roles)],
  });
}

/** An issuer never takes over the installation's administrator, nor the user of a service, which has no mailbox. */
const mayLink = (config: IssuerConfig, user: UserRow): boolean =>
  config.link_by_verified_email &&
  user.active &&
  user.kind === "person" &&
  !user.roles.includes(platformAdminRole);
