import { Code, ConnectError } from "@connectrpc/connect";
import type { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { currentCall } from "../lib/call.ts";
import type { MeshClient } from "../lib/mesh-client.ts";
import type { SecretDestination } from "./connectors/connector.ts";
import { secretNotFound } from "./errors.ts";

/** The secrets of the caller's organisation. Identity decides which may be sent where. */
export type Secrets = {
  /** A secret's value, to be sent there. FailedPrecondition (SECRET_NOT_FOUND, SECRET_NOT_ALLOWED). */
  resolve(name: string, destination: SecretDestination): Promise<string>;
  /** Fails as `resolve` does where a secret exists: one that is not there yet is found missing when it is used. */
  validate(name: string, destination: SecretDestination): Promise<void>;
};

/** `bind` gives destinations to the secrets of an organisation from before there were any. */
export function createSecrets(
  client: MeshClient<typeof PolicyService>,
  bind: (orgId: string) => Promise<void>,
): Secrets {
  async function ask(name: string, destination: SecretDestination, validateOnly: boolean): Promise<string> {
    const request = { name, destination, validateOnly };
    const first = await client.resolveSecret(request);
    if (!first.unbound) return first.value;
    await bind(currentCall()?.principal?.orgId ?? "");
    const { value, unbound } = await client.resolveSecret(request);
    if (unbound) throw new Error(`secret ${name} has no destinations after it was bound`);
    return value;
  }
  return {
    async resolve(name, destination) {
      try {
        return await ask(name, destination, false);
      } catch (error) {
        throw isNotFound(error) ? secretNotFound(name, destination) : error;
      }
    },
    async validate(name, destination) {
      try {
        await ask(name, destination, true);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

const isNotFound = (error: unknown): boolean => error instanceof ConnectError && error.code === Code.NotFound;
