import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { secretNotFound } from "../errors.ts";
import * as repository from "../secret-repository.ts";

export const deleteSecret =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.deleteSecret> =>
  async ({ name }, context) => {
    if (!(await repository.deleteSecret(db, scopeOf(context), name))) throw secretNotFound(name);
    return {};
  };
