import type { MethodImpl } from "@connectrpc/connect";
import type { Grant, GrantService } from "../../../gen/sluice/identity/v1/grants_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { grantEvent } from "../audit/grant-event.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { apiKeyNotFound, orgWideNeeded, tooManyGrants, userNotFound } from "../errors.ts";
import {
  countGrants,
  findSameGrant,
  type GrantRow,
  insertGrants,
  type NewGrant,
} from "../grants/grant-repository.ts";
import { refuseTooManyNamespaces } from "../grants/grants-size.ts";
import { refuseRolesForUser } from "../grants/refuse-roles.ts";
import { rolesHeldIn } from "../grants/roles.ts";
import { toGrant } from "../message.ts";
import { lockOrg } from "../org-repository.ts";

/** Maximum number of an organisation's grants. */
const grantsMax = 10_000;

export const createGrant =
  ({ db }: IdentityDeps): MethodImpl<typeof GrantService.method.createGrant> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const given = newGrantOf(required(request.grant, "grant"));
    refuseUnlessPermitted(scope, given);
    try {
      return { grant: toGrant(await db.transaction((tx) => give(tx, scope, given))) };
    } catch (error) {
      switch (violatedConstraint(error)) {
        case "grants_user_exists":
          throw userNotFound(given.userId ?? "");
        case "grants_api_key_exists":
          throw apiKeyNotFound(given.apiKeyId ?? "");
        case "grants_namespace_exists":
          throw namespaceNotFound(given.namespace ?? "");
        default:
          throw error;
      }
    }
  };

function newGrantOf({ grantee, role, namespace }: Grant): NewGrant {
  return {
    userId: grantee.case === "userId" ? grantee.value : null,
    apiKeyId: grantee.case === "apiKeyId" ? grantee.value : null,
    groupName: grantee.case === "group" ? grantee.value : null,
    role,
    namespace: namespace || null,
  };
}

function refuseUnlessPermitted({ namespaces, principal }: Scope, { role, namespace }: NewGrant): void {
  if (namespaces !== "all") {
    if (namespace === null) throw orgWideNeeded("grants.write");
    if (!namespaces.includes(namespace)) throw namespaceNotFound(namespace);
  }
  refuseRolesForUser(rolesHeldIn(principal, namespace), [role]);
}

async function give(tx: Db, scope: Scope, given: NewGrant): Promise<GrantRow> {
  // Concurrent calls count each other's grants.
  await lockOrg(tx, scope);
  if ((await countGrants(tx, scope)) >= grantsMax) throw tooManyGrants(grantsMax);
  await insertGrants(tx, { orgId: scope.orgId, creatorUserId: scope.principal.userId }, [given]);
  const row = await findSameGrant(tx, scope, given);
  if (!row) throw new Error("the grant was not inserted");
  if (row.namespace !== null) await refuseTooManyNamespaces(tx, scope, row);
  await recordEvent(tx, scope, grantEvent("grant.added", row));
  return row;
}
