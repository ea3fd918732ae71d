import { randomBytes } from "node:crypto";
import type { Db } from "../lib/database/database.ts";
import { violatedConstraint } from "../lib/database/database-failure.ts";
import { newId } from "../lib/values/ids.ts";
import { holdLock } from "./advisory-lock.ts";
import { hashPassword } from "./credentials/password.ts";
import { findOrgByName, insertOrg } from "./org-repository.ts";
import { platformAdminRole } from "./roles.ts";
import { findPlatformAdmin, insertUser } from "./user-repository.ts";

/** The first user of an installation with the generated password. */
export type BootstrapAdmin = { readonly email: string; readonly password: string };

/** Name of the organisation that the first user belongs to. */
const mainOrg = { name: "main", displayName: "Main" };
const generatedBytes = 24;

/**
 * Creates the platform administrator and the organisation `main`, unless there is a platform administrator. Returns the
 * administrator if its password was generated: it is stored as a hash only. Several processes may run this at once.
 *
 * If the password is lost, remove the user's row; the next start creates it again.
 */
export async function bootstrap(
  db: Db,
  settings: { email: string; password: string | undefined },
): Promise<BootstrapAdmin | undefined> {
  const { email, password = randomBytes(generatedBytes).toString("base64url") } = settings;
  const made = await db
    .transaction(async (tx) => {
      await holdLock(tx, "bootstrap");
      if (await findPlatformAdmin(tx)) return false;
      await insertAdmin(tx, { email, password });
      return true;
    })
    .catch((error) => {
      if (violatedConstraint(error) !== "users_email_unique") throw error;
      throw new Error(`BOOTSTRAP_ADMIN_EMAIL: ${email} belongs to a user who is no platform administrator`);
    });
  return made && settings.password === undefined ? { email, password } : undefined;
}

async function insertAdmin(tx: Db, { email, password }: BootstrapAdmin): Promise<void> {
  const { orgId } =
    (await findOrgByName(tx, mainOrg.name)) ?? (await insertOrg(tx, { orgId: newId(), ...mainOrg }));
  await insertUser(tx, {
    userId: newId(),
    orgId,
    email,
    displayName: "",
    passwordHash: await hashPassword(password),
    roles: ["admin", platformAdminRole],
  });
}
