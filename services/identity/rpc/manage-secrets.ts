import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { scopeOf } from "../../lib/guard.ts";
import { cutPage, pageOf } from "../../lib/paging.ts";
import type { IdentityDeps } from "../deps.ts";
import { orgNotFound, secretNotFound } from "../errors.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

export const putSecret =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof SecretService.method.putSecret> =>
  async ({ name, value }, context) => {
    const scope = scopeOf(context);
    const sealed = vault.seal(value, repository.placeOfSecret(scope, name));
    try {
      return { secret: toSecret(await repository.upsertSecret(db, scope, name, sealed)) };
    } catch (error) {
      if (violatedConstraint(error) === "secrets_org_exists") throw orgNotFound(scope.orgId);
      throw error;
    }
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
