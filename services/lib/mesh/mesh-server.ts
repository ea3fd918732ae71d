import type { GuardedService } from "../rpc/guard.ts";
import { createVerifier } from "../rpc/principal.ts";
import type { Logger } from "../telemetry/log.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";
import type { MeshTls } from "./mesh-tls.ts";

/** Serves a service of the mesh where its settings say, to callers whose keys they trust. */
export const startMeshServer = (
  { grpcListen, meshTrustedKeys }: { grpcListen: string; meshTrustedKeys: Readonly<Record<string, string>> },
  services: readonly GuardedService[],
  { log, tls }: { log: Logger; tls: MeshTls | undefined },
): Promise<GrpcServer> =>
  startGrpcServer({ listen: grpcListen, services, verifier: createVerifier(meshTrustedKeys), log, tls });
