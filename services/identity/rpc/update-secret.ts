import type { MethodImpl } from "@connectrpc/connect";
import { SecretSchema, type SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, updatesOf } from "../../lib/rpc/updates.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { toDestinations } from "../destinations.ts";
import { secretNotFound } from "../errors.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

const updates = updatesOf(SecretSchema, { key: "name", writable: ["destinations"] });

export const updateSecret =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.updateSecret> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const secret = required(request.secret, "secret");
    const { name } = secret;
    // The only writable field is the one to change.
    updates.fieldsOf(secret, request.updateMask);
    const destinations = toDestinations(secret.destinations, "secret.destinations");
    const current = await repository.findSecretName(db, scope, name);
    if (!current) throw secretNotFound(name);
    updates.refuseReadOnly(secret, request.updateMask, toSecret(current));
    const change = { destinations };
    const row = await db.transaction(async (tx) => {
      const updated = await repository.updateSecret(tx, scope, name, change);
      if (!updated) throw secretNotFound(name);
      await recordEvent(tx, scope, { kind: "secret.updated", resource: `secrets/${name}`, details: change });
      return updated;
    });
    return { secret: toSecret(row) };
  };
