import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database.ts";
import { startGrpcServer } from "../lib/grpc-server.ts";
import { aborted, type Run } from "../lib/lifetime.ts";
import { createLog } from "../lib/log.ts";
import { createVerifier } from "../lib/principal.ts";
import type { StagingConfig } from "./config.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

/** Runs the staging service until `stop` aborts: its place in the mesh and in the database, with no method yet. */
export const run: Run<StagingConfig> = async (config, stop, ready) => {
  const log = createLog("staging", config);
  await using _database = await openDatabase({
    url: config.databaseUrl,
    service: "staging",
    migrationsFolder,
  });
  await using server = await startGrpcServer({
    listen: config.grpcListen,
    services: [],
    verifier: createVerifier(config.meshTrustedKeys),
    log,
  });
  ready(server.address);
  await aborted(stop);
};
