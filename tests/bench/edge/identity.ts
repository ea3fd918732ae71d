import type { Logger } from "pino";
import { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { MeshKeys } from "../../../services/all-in-one/create-mesh-keys.ts";
import { type GrpcServer, startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";

/** An identity service that accepts every credential. The edge calls it and caches its responses as usual. */
export function startIdentity(keys: MeshKeys, log: Logger): Promise<GrpcServer> {
  return startGrpcServer({
    listen: "127.0.0.1:0",
    verifier: createVerifier(keys.publicKeys),
    log,
    services: [
      guard(PolicyService, {
        verifyCredential: () => ({ orgId: "o", userId: "u", apiKeyId: "", roles: ["editor"] }),
        resolveSecret: () => ({}),
        bindSecrets: () => ({}),
        listUnboundOrgs: () => ({}),
        getPrincipal: () => ({}),
      }),
    ],
  });
}
