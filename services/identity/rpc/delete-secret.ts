import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvent } from "../audit/record-event.ts";
import type { IdentityDeps } from "../deps.ts";
import { secretNotFound } from "../errors.ts";
import * as repository from "../secret-repository.ts";

export const deleteSecret =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.deleteSecret> =>
  async ({ name }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      if (!(await repository.deleteSecret(tx, scope, name))) throw secretNotFound(name);
      await recordEvent(tx, scope, { kind: "secret.deleted", resource: `secrets/${name}` });
    });
    return {};
  };
