import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { recordEvent } from "../audit/record-event.ts";
import { newSalt, noPassword } from "../credentials/password.ts";
import type { OrgRow } from "../org-repository.ts";
import { findServiceUser, insertUser, updateUser } from "../user-repository.ts";

/**
 * The service's user of an organisation by its name, with these roles; it is created if it is missing. It can't log in
 * with a password. Call it in a transaction that excludes others.
 */
export async function ensureServicePrincipal(
  tx: Db,
  org: Pick<OrgRow, "orgId" | "name">,
  { name, roles }: { readonly name: string; readonly roles: readonly string[] },
): Promise<Scope> {
  const { orgId } = org;
  // A reserved domain: no mail can be sent there.
  const email = `${name}@${org.name}.service.invalid`;
  const known = await findServiceUser(tx, { orgId }, email);
  const userId = known?.userId ?? newId();
  const scope: Scope = { orgId, namespaces: "all", principal: { orgId, userId, roles: [...roles] } };
  if (!known) {
    const displayName = `service ${name}`;
    const passwordHash = noPassword(newSalt());
    await insertUser(tx, {
      userId,
      orgId,
      email,
      displayName,
      passwordHash,
      roles: [...roles],
      kind: "service",
    });
    await recordEvent(
      tx,
      { orgId },
      { kind: "user.created", resource: `users/${userId}`, details: { roles } },
    );
  } else if (known.roles.join() !== roles.toSorted().join()) {
    await updateUser(tx, scope, userId, undefined, { roles: [...roles] });
    await recordEvent(
      tx,
      { orgId },
      { kind: "user.updated", resource: `users/${userId}`, details: { roles } },
    );
  }
  return scope;
}
