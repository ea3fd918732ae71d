import type { MethodImpl } from "@connectrpc/connect";
import { SecretSchema, type SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { fieldsToUpdate, required } from "../../lib/rpc/updates.ts";
import type { IdentityDeps } from "../deps.ts";
import { toDestinations } from "../destinations.ts";
import { secretNotFound } from "../errors.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

const writable = ["destinations"] as const;

export const updateSecret =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.updateSecret> =>
  async (request, context) => {
    const secret = required(request.secret, "secret");
    const { name } = secret;
    const fields = fieldsToUpdate(SecretSchema, secret, request.updateMask, writable);
    const destinations = toDestinations(secret.destinations, "secret.destinations");
    const change = fields.includes("destinations") ? { destinations } : {};
    const row = await repository.updateSecret(db, scopeOf(context), name, change);
    if (!row) throw secretNotFound(name);
    return { secret: toSecret(row) };
  };
