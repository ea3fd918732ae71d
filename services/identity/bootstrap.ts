import { randomBytes } from "node:crypto";
import type { Db } from "../lib/database/database.ts";
import { violatedConstraint } from "../lib/database/database-failure.ts";
import { newId } from "../lib/values/ids.ts";
import { hashNewPassword } from "./accounts/new-password.ts";
import type { AccountTexts } from "./accounts/password-policy.ts";
import { holdLock } from "./advisory-lock.ts";
import { recordEvent } from "./audit/record-event.ts";
import type { IdentityDeps } from "./deps.ts";
import { platformAdminRole } from "./grants/roles.ts";
import { findOrgByName, insertOrg } from "./org-repository.ts";
import { findPlatformAdmin, insertUser } from "./user-repository.ts";

/** The first user of an installation with the generated password. */
export type BootstrapAdmin = { readonly email: string; readonly password: string };

type HashingDeps = Pick<IdentityDeps, "db" | "passwords" | "withHashPermit">;

/** Name of the organisation that the first user belongs to. */
const mainOrg = { name: "main", displayName: "Main" };
const generatedBytes = 24;

/** The texts that the first user's password may not contain. */
export const bootstrapAccount = (email: string): AccountTexts => ({
  email,
  displayName: "",
  orgName: mainOrg.name,
});

/**
 * Creates the platform administrator and the organisation `main`, unless there is a platform administrator. Returns the
 * administrator if its password was generated: it is stored as a hash only. Several processes may run this at once.
 *
 * If the password is lost, remove the user's row; the next start creates it again.
 */
export async function bootstrap(
  deps: HashingDeps,
  settings: { email: string; password: string | undefined },
): Promise<BootstrapAdmin | undefined> {
  const { email, password = randomBytes(generatedBytes).toString("base64url") } = settings;
  const made = await deps.db
    .transaction(async (tx) => {
      await holdLock(tx, "bootstrap");
      if (await findPlatformAdmin(tx)) return false;
      await insertAdmin(tx, deps, { email, password });
      return true;
    })
    .catch((error) => {
      if (violatedConstraint(error) !== "users_email_unique") throw error;
      throw new Error(
        `BOOTSTRAP_ADMIN_EMAIL: ${email} belongs to a user of ${mainOrg.name} who is no platform administrator`,
      );
    });
  return made && settings.password === undefined ? { email, password } : undefined;
}

async function insertAdmin(tx: Db, deps: HashingDeps, admin: BootstrapAdmin): Promise<void> {
  const { email, password } = admin;
  const { orgId } =
    (await findOrgByName(tx, mainOrg.name)) ?? (await insertOrg(tx, { orgId: newId(), ...mainOrg }));
  const passwordHash = await hashNewPassword(
    { ...deps, db: tx },
    {
      field: "BOOTSTRAP_ADMIN_PASSWORD",
      password,
      account: { email, displayName: "", orgName: mainOrg.name },
    },
  );
  const { userId, roles } = await insertUser(tx, {
    userId: newId(),
    orgId,
    email,
    displayName: "",
    passwordHash,
    roles: ["admin", platformAdminRole],
  });
  await recordEvent(tx, { orgId }, { kind: "user.created", resource: `users/${userId}`, details: { roles } });
}
