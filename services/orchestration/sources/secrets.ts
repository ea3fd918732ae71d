import { Code, ConnectError } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import { currentCall } from "../../lib/rpc/call.ts";
import type { SecretDestination } from "../connectors/connector.ts";
import { secretNotFound } from "../errors.ts";

/** Secrets of the caller's organisation. Identity decides which destinations a secret may be sent to. */
export type Secrets = {
  /** Returns a secret's value for this destination. FailedPrecondition (SECRET_NOT_FOUND, SECRET_NOT_ALLOWED). */
  resolve(name: string, destination: SecretDestination, signal?: AbortSignal): Promise<string>;
  /** Fails as `resolve`, but accepts a secret that does not exist yet. */
  validate(name: string, destination: SecretDestination): Promise<void>;
};

/** `bind` binds the organisation's secrets that have no destinations yet. */
export function createSecrets(
  client: MeshClient<typeof PolicyService>,
  bind: (orgId: string, signal?: AbortSignal) => Promise<void>,
): Secrets {
  async function resolveOrBind(
    request: { name: string; destination: SecretDestination; validateOnly: boolean },
    signal?: AbortSignal,
  ): Promise<string> {
    const options = signal && { signal };
    const first = await client.resolveSecret(request, options);
    if (!first.unbound) return first.value;
    await bind(currentCall()?.principal?.orgId ?? "", signal);
    const { value, unbound } = await client.resolveSecret(request, options);
    if (unbound) throw new Error(`secret ${request.name} has no destinations after it was bound`);
    return value;
  }
  return {
    async resolve(name, destination, signal) {
      try {
        return await resolveOrBind({ name, destination, validateOnly: false }, signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw isNotFound(error) ? secretNotFound(name, destination) : error;
      }
    },
    async validate(name, destination) {
      try {
        await resolveOrBind({ name, destination, validateOnly: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

const isNotFound = (error: unknown): boolean => error instanceof ConnectError && error.code === Code.NotFound;
