import type { Db } from "../lib/database/database.ts";
import { namespaceNotFound } from "../lib/database/scope.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { recordEvent } from "./audit/record-event.ts";
import { orgWideNeeded } from "./errors.ts";
import { findNamespace, updateNamespace } from "./namespaces/namespace-repository.ts";
import { findPreferences, updatePreferences } from "./org-repository.ts";

export type Preferences = Readonly<Record<string, string>>;

/** Preferences of a namespace, or of the organisation if `namespace` is empty. `resolved` adds the organisation's. */
export async function readPreferences(
  db: Db,
  scope: Scope,
  namespace: string,
  resolved: boolean,
): Promise<Preferences> {
  if (namespace === "") return findPreferences(db, scope);
  const row = await findNamespace(db, scope, namespace);
  if (!row) throw namespaceNotFound(namespace);
  return resolved ? { ...(await findPreferences(db, scope)), ...row.preferences } : row.preferences;
}

/** Replaces preferences. Those of the organisation concern all namespaces, and require the permission in all. */
export async function writePreferences(
  db: Db,
  scope: Scope,
  namespace: string,
  preferences: Preferences,
): Promise<void> {
  if (namespace === "" && scope.namespaces !== "all") throw orgWideNeeded("namespaces.write");
  await db.transaction(async (tx) => {
    if (namespace === "") await updatePreferences(tx, scope, preferences);
    else if (!(await updateNamespace(tx, scope, namespace, undefined, { preferences }))) {
      throw namespaceNotFound(namespace);
    }
    await recordEvent(tx, scope, { kind: "preferences.changed", namespace });
  });
}
