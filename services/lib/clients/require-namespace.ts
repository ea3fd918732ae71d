import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { defaultNamespace, ownerIn } from "../database/scope.ts";
import type { MeshClient } from "../mesh/mesh-client.ts";
import type { Scope } from "../rpc/guard.ts";

/** Identity's check of a namespace. */
export type NamespacePolicies = Pick<MeshClient<typeof PolicyService>, "checkNamespace">;

const timeoutMs = 5_000;

/**
 * Checks that the caller may add resources to a namespace, and that it exists. NotFound otherwise. The default namespace
 * always exists, and takes no call.
 */
export async function requireNamespace(
  policies: NamespacePolicies,
  scope: Scope,
  namespace: string,
): Promise<void> {
  const owner = ownerIn(scope, namespace);
  if (owner.namespace !== defaultNamespace) {
    await policies.checkNamespace({ name: owner.namespace }, { timeoutMs });
  }
}
