import { Code, ConnectError } from "@connectrpc/connect";
import type { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import type { MeshClient } from "../lib/mesh-client.ts";
import { secretNotFound } from "./errors.ts";

/** Answers the value of a secret of the caller's organisation. FailedPrecondition (SECRET_NOT_FOUND). */
export const createSecretResolver =
  (client: MeshClient<typeof PolicyService>) =>
  async (name: string): Promise<string> => {
    try {
      return (await client.resolveSecret({ name })).value;
    } catch (error) {
      throw error instanceof ConnectError && error.code === Code.NotFound ? secretNotFound(name) : error;
    }
  };
