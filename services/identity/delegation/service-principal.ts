import type { Db } from "../../lib/database/database.ts";
import { newId } from "../../lib/values/ids.ts";
import { recordEvent } from "../audit/record-event.ts";
import { newSalt, noPassword } from "../credentials/password.ts";
import { insertUser } from "../user-repository.ts";
import {
  type DelegatingKey,
  findServicePrincipal,
  insertServicePrincipal,
  lockKey,
} from "./delegation-repository.ts";

/** Rights of a new service principal, until an administrator of the organisation gives it others. */
const firstRoles = ["viewer"];

/** The user that stands for an organisation in a key's calls that name no user. The first call creates it. */
export async function servicePrincipalOf(db: Db, key: DelegatingKey, orgId: string): Promise<string> {
  const found = await findServicePrincipal(db, key, { orgId });
  return found ?? (await createServicePrincipal(db, key, orgId));
}

function createServicePrincipal(db: Db, key: DelegatingKey, orgId: string): Promise<string> {
  return db.transaction(async (tx) => {
    await lockKey(tx, key);
    // Another call has created it meanwhile.
    const found = await findServicePrincipal(tx, key, { orgId });
    return found ?? (await insertPrincipal(tx, key, orgId));
  });
}

async function insertPrincipal(tx: Db, key: DelegatingKey, orgId: string): Promise<string> {
  const userId = newId();
  await insertUser(tx, {
    userId,
    orgId,
    email: `service-${userId}@service.invalid`,
    displayName: `Service of ${key.displayName}`.slice(0, 200),
    passwordHash: noPassword(newSalt()),
    roles: firstRoles,
    kind: "service",
  });
  await insertServicePrincipal(tx, key, { orgId, userId });
  const principal = { userId: key.userId, apiKeyId: key.apiKeyId };
  const details = { roles: firstRoles, servicePrincipal: true };
  await recordEvent(tx, { orgId, principal }, { kind: "user.created", resource: `users/${userId}`, details });
  return userId;
}
