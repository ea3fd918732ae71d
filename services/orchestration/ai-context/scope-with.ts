import type { Scope } from "../../lib/rpc/guard.ts";
import { namespacesOf } from "../../lib/rpc/permissions.ts";

/** The scope narrowed to the namespaces in which its principal has another permission, too. */
export function scopeWith(scope: Scope, permission: string): Scope {
  const granted = namespacesOf(scope.principal, permission);
  if (granted === "all") return scope;
  const { namespaces } = scope;
  return {
    ...scope,
    namespaces: namespaces === "all" ? granted : granted.filter((name) => namespaces.includes(name)),
  };
}
