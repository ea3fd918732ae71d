import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { toDestinations } from "../destinations.ts";
import { orgNotFound } from "../errors.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

export const putSecret =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof SecretService.method.putSecret> =>
  async ({ name, value, destinations: given }, context) => {
    const scope = scopeOf(context);
    const destinations = toDestinations(given, "destinations");
    const sealed = vault.seal(value, repository.secretContext(scope, name));
    try {
      const row = await db.transaction(async (tx) => {
        const put = await repository.upsertSecret(tx, scope, name, { ...sealed, destinations });
        const resource = `secrets/${name}`;
        await recordEvent(tx, scope, { kind: "secret.put", resource, details: { destinations } });
        return put;
      });
      return { secret: toSecret(row) };
    } catch (error) {
      if (violatedConstraint(error) === "secrets_org_exists") throw orgNotFound(scope.orgId);
      throw error;
    }
  };
