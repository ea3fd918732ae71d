import type { MethodImpl } from "@connectrpc/connect";
import type { AccountService } from "../../../gen/sluice/identity/v1/accounts_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { newId } from "../../lib/values/ids.ts";
import { hashNewPassword } from "../accounts/new-password.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { emailTaken, orgNotFound } from "../errors.ts";
import { toUser } from "../message.ts";
import { findOrgByName } from "../org-repository.ts";
import { insertUser } from "../user-repository.ts";

export const registerUser =
  (deps: IdentityDeps): MethodImpl<typeof AccountService.method.registerUser> =>
  async ({ org: orgName, email, password, displayName, role }) => {
    const { db } = deps;
    const org = await findOrgByName(db, orgName);
    if (!org) throw orgNotFound(orgName);
    const account = { email, displayName: displayName.normalize("NFC"), orgName: org.name };
    const passwordHash = await hashNewPassword(deps, { field: "password", password, account });
    const { orgId } = org;
    try {
      const row = await db.transaction(async (tx) => {
        const inserted = await insertUser(tx, {
          userId: newId(),
          orgId,
          email,
          displayName: account.displayName,
          roles: [role],
          passwordHash,
        });
        const { userId, roles } = inserted;
        const event = { resource: `users/${userId}`, details: { roles, registered: true } };
        await recordEvent(tx, { orgId }, { kind: "user.created", ...event });
        return inserted;
      });
      return { user: toUser(row) };
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "users_email_unique") throw emailTaken(email);
      if (violated === "users_org_exists") throw orgNotFound(orgName);
      throw error;
    }
  };
