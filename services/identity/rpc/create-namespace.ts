import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  CreateNamespaceResponseSchema,
  NamespaceService,
} from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { namespaceReserved, namespaceTaken } from "../errors.ts";
import { toNamespace } from "../message.ts";
import { insertNamespace } from "../namespaces/namespace-repository.ts";
import { reservedNamespaces } from "../namespaces/reserved-namespaces.ts";
import { onceRequested } from "../requests.ts";

export const createNamespace =
  (deps: IdentityDeps): MethodImpl<typeof NamespaceService.method.createNamespace> =>
  async (request, context) => {
    const { name, displayName = "", description = "", properties } = required(request.namespace, "namespace");
    if (reservedNamespaces.includes(name)) throw namespaceReserved(name);
    const scope = scopeOf(context);
    const call = { method: NamespaceService.method.createNamespace, request };
    try {
      return await onceRequested(deps, scope, call, async (tx) => {
        const row = await insertNamespace(tx, scope.orgId, { name, displayName, description, properties });
        await recordEvent(tx, scope, { kind: "namespace.created", namespace: name });
        return create(CreateNamespaceResponseSchema, { namespace: toNamespace(row) });
      });
    } catch (error) {
      if (violatedConstraint(error) === "namespaces_name_unique") throw namespaceTaken(name);
      throw error;
    }
  };
