import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { scopeOf } from "../../lib/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { secretMissing } from "../errors.ts";
import { findSecret, placeOfSecret } from "../secret-repository.ts";

export const resolveSecret =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof PolicyService.method.resolveSecret> =>
  async ({ name }, context) => {
    const scope = scopeOf(context);
    const sealed = await findSecret(db, scope, name);
    if (!sealed) throw secretMissing(name);
    return { value: vault.open(sealed, placeOfSecret(scope, name)) };
  };
