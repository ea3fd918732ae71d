import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { required } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { type Destination, toDestination, toDestinations } from "../destinations.ts";
import * as repository from "../secret-repository.ts";

/** The organisation is a field of the request: orchestration binds at its start, without a caller. */
export const bindSecrets =
  ({ db }: IdentityDeps): MethodImpl<typeof PolicyService.method.bindSecrets> =>
  async ({ orgId, uses }) => {
    const byName = new Map<string, Destination[]>();
    for (const [index, { name, destination }] of uses.entries()) {
      const field = `uses[${index}].destination`;
      const named = byName.get(name) ?? [];
      named.push(toDestination(required(destination, field), `${field}.host`));
      byName.set(name, named);
    }
    const entries = [...byName].map(([name, given]) => [name, toDestinations(given, "uses")] as const);
    await db.transaction(async (tx) => {
      const names = await repository.bindSecrets(tx, { orgId }, Object.fromEntries(entries));
      if (names.length > 0) await recordEvent(tx, { orgId }, { kind: "secret.bound", details: { names } });
    });
    return {};
  };
