import { startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";
import { createLog } from "../../../services/lib/telemetry/log.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { type IdentityPeer, identityPeer } from "./identity.ts";
import { type OrchestrationPeer, orchestrationPeer } from "./orchestration.ts";
import { type StagingPeer, stagingPeer } from "./staging.ts";
import { createSteps, type Steps } from "./steps.ts";
import { type StoragePeer, storagePeer } from "./storage.ts";

export type Peers = AsyncDisposable & {
  address: string;
  steps: Steps;
  identity: IdentityPeer;
  orchestration: OrchestrationPeer;
  staging: StagingPeer;
  storage: StoragePeer;
};

/** Fakes of the services that approval calls, at a real port. */
export async function startPeers(): Promise<Peers> {
  const steps = createSteps();
  const identity = identityPeer(steps);
  const orchestration = orchestrationPeer(steps);
  const storage = storagePeer(steps);
  const staging = stagingPeer(steps, storage.peer);
  const server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [identity, orchestration, storage, staging].flatMap(({ services }) => services),
    verifier: createVerifier(meshKeys.publicKeys),
    log: createLog("peers", { logLevel: "silent" }),
  });
  return {
    address: server.address,
    steps,
    identity: identity.peer,
    orchestration: orchestration.peer,
    staging: staging.peer,
    storage: storage.peer,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
