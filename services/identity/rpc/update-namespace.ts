import type { MethodImpl } from "@connectrpc/connect";
import {
  type Namespace,
  NamespaceSchema,
  type NamespaceService,
  type UpdateNamespaceRequest,
} from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { toNamespace } from "../message.ts";
import {
  findNamespace,
  type NamespaceChange,
  updateNamespace as updateRow,
} from "../namespaces/namespace-repository.ts";

const updates = updatesOf(NamespaceSchema, {
  key: "name",
  writable: ["display_name", "description", "properties"],
});

export const updateNamespace =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.updateNamespace> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const namespace = required(request.namespace, "namespace");
    const { name, etag } = namespace;
    const change = changeOf(namespace, request);
    const current = await findNamespace(db, scope, name);
    if (!current) throw namespaceNotFound(name);
    updates.refuseReadOnly(namespace, request.updateMask, toNamespace(current));
    const row = await db.transaction(async (tx) => {
      const updated = await updateRow(tx, scope, name, revisionOf(etag), change);
      if (!updated) throw etagMismatch("namespace", name);
      await recordEvent(tx, scope, { kind: "namespace.updated", namespace: name });
      return updated;
    });
    return { namespace: toNamespace(row) };
  };

function changeOf(namespace: Namespace, { updateMask }: UpdateNamespaceRequest): NamespaceChange {
  const change: NamespaceChange = {};
  for (const field of updates.fieldsOf(namespace, updateMask)) {
    if (field === "display_name") change.displayName = namespace.displayName ?? "";
    if (field === "description") change.description = namespace.description ?? "";
    if (field === "properties") change.properties = namespace.properties;
  }
  return change;
}
