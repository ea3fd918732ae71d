import { fileURLToPath } from "node:url";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { openDatabase } from "../lib/database.ts";
import { startGrpcServer } from "../lib/grpc-server.ts";
import { aborted, type Run } from "../lib/lifetime.ts";
import { createLog } from "../lib/log.ts";
import { createMeshClient } from "../lib/mesh-client.ts";
import { createSigner, createVerifier } from "../lib/principal.ts";
import type { ApprovalConfig } from "./config.ts";
import { approvalServices } from "./service.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

/** Runs the approval service until `stop` aborts. */
export const run: Run<ApprovalConfig> = async (config, stop, ready) => {
  const log = createLog("approval", config);
  await using database = await openDatabase({
    url: config.databaseUrl,
    service: "approval",
    migrationsFolder,
  });
  using sources = createMeshClient(SourceService, {
    peer: "orchestration",
    address: config.orchestrationAddress,
    signer: createSigner("approval", config.meshPrivateKey),
  });
  await using server = await startGrpcServer({
    listen: config.grpcListen,
    services: approvalServices({ db: database.db, sources }),
    verifier: createVerifier(config.meshTrustedKeys),
    log,
  });
  ready(server.address);
  await aborted(stop);
};
