import type { MethodImpl } from "@connectrpc/connect";
import type { DelegationService } from "../../../gen/sluice/identity/v1/delegation_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { newId } from "../../lib/values/ids.ts";
import { recordEvent } from "../audit/record-event.ts";
import * as repository from "../delegation/delegation-repository.ts";
import { delegatingKeyOf } from "../delegation/require-key.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNotFound, userNotFound } from "../errors.ts";
import { toExternalId } from "../message.ts";

export const putExternalId =
  ({ db }: IdentityDeps): MethodImpl<typeof DelegationService.method.putExternalId> =>
  async ({ kind, externalId, orgId, userId }, context) => {
    const key = await delegatingKeyOf(db, context);
    if (!key.delegateOrgIds.includes(orgId)) throw orgNotFound(orgId);
    const row = { mappingId: newId(), kind, externalId, orgId, userId: userId || null };
    try {
      return await db.transaction(async (tx) => {
        const put = await repository.putExternalId(tx, key, row);
        const resource = userId ? `users/${userId}` : `orgs/${orgId}`;
        const details = { apiKeyId: key.apiKeyId, externalId };
        await recordEvent(tx, { orgId, principal: key }, { kind: "external_id.put", resource, details });
        return { externalId: toExternalId(put) };
      });
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === "external_ids_user_exists") throw userNotFound(userId);
      if (violated === "external_ids_org_exists") throw orgNotFound(orgId);
      throw error;
    }
  };
