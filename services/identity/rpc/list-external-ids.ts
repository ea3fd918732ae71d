import type { MethodImpl } from "@connectrpc/connect";
import type { DelegationService } from "../../../gen/sluice/identity/v1/delegation_pb.ts";
import * as repository from "../delegation/delegation-repository.ts";
import { delegatingKeyOf } from "../delegation/require-key.ts";
import type { IdentityDeps } from "../deps.ts";
import { toExternalId } from "../message.ts";

export const listExternalIds =
  ({ db }: IdentityDeps): MethodImpl<typeof DelegationService.method.listExternalIds> =>
  async (request, context) => {
    const key = await delegatingKeyOf(db, context);
    const { rows, ...page } = await repository.listExternalIds(db, key, request);
    return { externalIds: rows.map(toExternalId), ...page };
  };
