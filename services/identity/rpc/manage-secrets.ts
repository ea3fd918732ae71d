import type { MethodImpl } from "@connectrpc/connect";
import { SecretSchema, type SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import { fieldsToUpdate, required } from "../../lib/rpc/updates.ts";
import type { IdentityDeps } from "../deps.ts";
import { toDestinations } from "../destinations.ts";
import { orgNotFound, secretNotFound } from "../errors.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

export const putSecret =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof SecretService.method.putSecret> =>
  async ({ name, value, destinations: given }, context) => {
    const scope = scopeOf(context);
    const destinations = toDestinations(given, "destinations");
    const sealed = vault.seal(value, repository.placeOfSecret(scope, name));
    try {
      const row = await repository.upsertSecret(db, scope, name, { ...sealed, destinations });
      return { secret: toSecret(row) };
    } catch (error) {
      if (violatedConstraint(error) === "secrets_org_exists") throw orgNotFound(scope.orgId);
      throw error;
    }
  };

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

export const listSecrets =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.listSecrets> =>
  async (request, context) => {
    const page = pageOf(request, [], isName);
    const read = await repository.listSecrets(db, scopeOf(context), page);
    const { rows, nextPageToken } = cutPage(read, page, ({ name }) => name);
    return { secrets: rows.map(toSecret), nextPageToken };
  };

/** Any text sorts before or after a name, but PostgreSQL's texts have no NUL. */
const isName = (text: string): boolean => !text.includes("\0");

export const deleteSecret =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.deleteSecret> =>
  async ({ name }, context) => {
    if (!(await repository.deleteSecret(db, scopeOf(context), name))) throw secretNotFound(name);
    return {};
  };
