import type { MethodImpl } from "@connectrpc/connect";
import type { AccessService, ExplainAccessRequest } from "../../../gen/sluice/identity/v1/access_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { isNamespaced } from "../../lib/rpc/permissions.ts";
import { type Action, actionOf } from "../access/action.ts";
import { explain } from "../access/explain.ts";
import { findSubject } from "../access/subject.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgWideNeeded } from "../errors.ts";
import { findNamespace } from "../namespaces/namespace-repository.ts";

export const explainAccess =
  ({ db }: IdentityDeps): MethodImpl<typeof AccessService.method.explainAccess> =>
  async (request, context) => {
    const scope = scopeOf(context);
    await refuseUnlessPermitted(db, scope, request);
    const action = actionOf(request.action);
    if (request.namespace !== "" && action.permission !== "" && !isNamespaced(action.permission)) {
      throw invalidField("namespace", `${action.permission} concerns the whole organisation: leave it out`);
    }
    const subject = await findSubject(db, scope, request.subject);
    return answer(action, explain(subject, action, request.namespace));
  };

/** A caller that may read the grants of some namespaces only can ask about one of those only. */
async function refuseUnlessPermitted(
  db: Db,
  scope: Scope,
  { namespace }: ExplainAccessRequest,
): Promise<void> {
  if (namespace === "") {
    if (scope.namespaces !== "all") throw orgWideNeeded("grants.read");
    return;
  }
  if (!(await findNamespace(db, scope, namespace))) throw namespaceNotFound(namespace);
}

const answer = ({ permission }: Action, explained: ReturnType<typeof explain>) => ({
  permission,
  ...explained,
});
