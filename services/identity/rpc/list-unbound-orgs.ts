import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { IdentityDeps } from "../deps.ts";
import * as repository from "../secret-repository.ts";

const unboundOrgsMax = 100;

export const listUnboundOrgs =
  ({ db }: IdentityDeps): MethodImpl<typeof PolicyService.method.listUnboundOrgs> =>
  async () => ({ orgIds: await repository.listUnboundOrgs(db, unboundOrgsMax) });
