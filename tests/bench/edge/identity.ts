import type { Logger } from "pino";
import { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { MeshKeys } from "../../../services/all-in-one/create-mesh-keys.ts";
import { type GrpcServer, startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { delegatePermission } from "../../../services/lib/rpc/permissions.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";

const apiKeyId = "01890000-0000-7000-8000-000000000000";

/** An identity service that accepts every credential, and whose keys may speak for everybody. The edge calls it and caches its responses as usual. */
export function startIdentity(keys: MeshKeys, log: Logger): Promise<GrpcServer> {
  return startGrpcServer({
    listen: "127.0.0.1:0",
    verifier: createVerifier(keys.publicKeys),
    log,
    services: [
      guard(PolicyService, {
        verifyCredential: ({ credential }) => ({
          orgId: "o",
          userId: "u",
          roles: ["editor"],
          ...(credential.case === "apiKey" && { apiKeyId, limit: { permissions: [delegatePermission] } }),
        }),
        resolveDelegate: ({ org, user }) => ({ orgId: org, userId: user, roles: ["editor"] }),
        resolveSecret: () => ({}),
        bindSecrets: () => ({}),
        checkNamespace: () => ({}),
        listUnboundOrgs: () => ({}),
        getPrincipal: () => ({}),
      }),
    ],
  });
}
