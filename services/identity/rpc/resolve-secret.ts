import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import type { IdentityDeps } from "../deps.ts";
import { allowsDestination, toDestination } from "../destinations.ts";
import { secretMissing, secretNotAllowed } from "../errors.ts";
import { findSecret, secretContext } from "../secret-repository.ts";

export const resolveSecret =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof PolicyService.method.resolveSecret> =>
  async ({ name, destination: given, validateOnly }, context) => {
    const scope = scopeOf(context);
    const destination = toDestination(required(given, "destination"), "destination.host");
    const secret = await findSecret(db, scope, name);
    if (!secret) throw secretMissing(name);
    const { destinations, ...sealed } = secret;
    if (destinations === null) return { unbound: true };
    if (!allowsDestination(destinations, destination)) throw secretNotAllowed(name, destination);
    return { value: validateOnly ? "" : vault.open(sealed, secretContext(scope, name)) };
  };
