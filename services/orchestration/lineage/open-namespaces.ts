import { Code, ConnectError } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { defaultNamespace } from "../../lib/database/scope.ts";
import { closedNamespaces } from "../schema.ts";
import type { Lineage } from "./lineage.ts";

/**
 * The lineages whose namespaces are all open, which they stay until the transaction ends. What is recorded a while after it
 * was done must not bring rows back into a namespace that was deleted meanwhile.
 */
export async function inOpenNamespaces<T extends { readonly lineage: Lineage; readonly namespace: string }>(
  tx: Db,
  orgId: string,
  recorded: readonly T[],
): Promise<T[]> {
  const namespacesOf = ({ lineage, namespace }: T) => [
    namespace || defaultNamespace,
    ...lineage.entities.flatMap(({ ownerNamespace }) => ownerNamespace ?? []),
  ];
  const open = new Set<string>();
  // In their order, so that transactions do not wait for each other in a circle.
  for (const namespace of [...new Set(recorded.flatMap(namespacesOf))].sort()) {
    if (await isOpen(tx, orgId, namespace)) open.add(namespace);
  }
  return recorded.filter((one) => namespacesOf(one).every((namespace) => open.has(namespace)));
}

async function isOpen(tx: Db, orgId: string, namespace: string): Promise<boolean> {
  try {
    await enterNamespace(tx, closedNamespaces, { orgId, namespace });
    return true;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return false;
    throw error;
  }
}
