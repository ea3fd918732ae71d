import type { MethodImpl } from "@connectrpc/connect";
import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { defaultNamespace, namespaceNotFound } from "../../lib/database/scope.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { defaultNamespaceStays, namespaceNotEmpty } from "../errors.ts";
import { toNamespace } from "../message.ts";
import { isEmpty, setContentState } from "../namespaces/delete-content.ts";
import { deleteSome, enqueueDeletion } from "../namespaces/delete-namespaces.ts";
import { findNamespace, type NamespaceRow, updateNamespace } from "../namespaces/namespace-repository.ts";

export const deleteNamespace =
  (deps: IdentityDeps): MethodImpl<typeof NamespaceService.method.deleteNamespace> =>
  async ({ name, force }, context) => {
    const scope = scopeOf(context);
    const row = await findNamespace(deps.db, scope, name);
    if (!row) throw namespaceNotFound(name);
    if (name === defaultNamespace) throw defaultNamespaceStays(name);
    if (force || row.state === "deleting") {
      return { namespace: toNamespace(await startDeletion(deps, scope, name)) };
    }
    const left = await deleteIfEmpty(deps, scope, name);
    return left ? { namespace: toNamespace(left) } : {};
  };

async function startDeletion({ db, jobs }: IdentityDeps, scope: Scope, name: string): Promise<NamespaceRow> {
  return db.transaction(async (tx) => {
    const row = await updateNamespace(tx, scope, name, undefined, { state: "deleting" });
    if (!row) throw namespaceNotFound(name);
    await enqueueDeletion(jobs, tx, row);
    await recordEvent(tx, scope, { kind: "namespace.deleted", namespace: name });
    return row;
  });
}

/**
 * Closes the namespace before it counts, so that nothing is added in between. Returns the namespace if a job has to remove
 * records of what happened in it.
 */
async function deleteIfEmpty(
  deps: IdentityDeps,
  scope: Scope,
  name: string,
): Promise<NamespaceRow | undefined> {
  const { contents } = deps;
  const key = { orgId: scope.orgId, namespace: name };
  const counts = await setContentState(contents, key, State.CLOSED).catch(async (error: unknown) => {
    await reopen(contents, key);
    throw error;
  });
  if (!isEmpty(counts)) {
    await reopen(contents, key);
    throw namespaceNotEmpty(name, counts);
  }
  const row = await startDeletion(deps, scope, name);
  return (await deleteSome(deps, key)) ? undefined : row;
}

/** A namespace that can't be reopened now opens by itself within a minute. */
const reopen = (contents: IdentityDeps["contents"], key: { orgId: string; namespace: string }) =>
  setContentState(contents, key, State.OPEN).catch(() => {});
