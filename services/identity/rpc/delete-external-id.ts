import type { MethodImpl } from "@connectrpc/connect";
import type { DelegationService } from "../../../gen/sluice/identity/v1/delegation_pb.ts";
import { recordEvent } from "../audit/record-event.ts";
import * as repository from "../delegation/delegation-repository.ts";
import { delegatingKeyOf } from "../delegation/require-key.ts";
import type { IdentityDeps } from "../deps.ts";
import { externalIdNotFound } from "../errors.ts";

export const deleteExternalId =
  ({ db }: IdentityDeps): MethodImpl<typeof DelegationService.method.deleteExternalId> =>
  async ({ kind, externalId }, context) => {
    const key = await delegatingKeyOf(db, context);
    await db.transaction(async (tx) => {
      const removed = await repository.deleteExternalId(tx, key, { kind, externalId });
      if (!removed) throw externalIdNotFound(externalId);
      const { orgId, userId } = removed;
      const resource = userId ? `users/${userId}` : `orgs/${orgId}`;
      const details = { apiKeyId: key.apiKeyId, externalId };
      await recordEvent(tx, { orgId, principal: key }, { kind: "external_id.deleted", resource, details });
    });
    return {};
  };
