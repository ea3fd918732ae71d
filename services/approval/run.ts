import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database/database.ts";
import { openJobs } from "../lib/jobs/jobs.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createLog } from "../lib/telemetry/log.ts";
import type { ApprovalConfig } from "./config.ts";
import { connectPeers } from "./peers.ts";
import { startWork } from "./release/start-work.ts";
import { approvalServices } from "./service.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

/** Runs the approval service until `stop` aborts. */
export const run: Run<ApprovalConfig> = async (config, stop, ready) => {
  const log = createLog("approval", config);
  using tls = await openMeshTls(config.meshFiles, log);
  const { databaseUrl: url } = config;
  await using database = await openDatabase({ url, service: "approval", migrationsFolder });
  using peers = connectPeers(config, tls);
  await using jobs = await openJobs({ url, service: "approval", log, listen: database.listen });
  const deps = { ...peers, db: database.db, jobs, log };
  await using _work = await startWork(deps, jobs);
  await using server = await startMeshServer(config, approvalServices(deps), { log, tls });
  ready(server.address);
  await aborted(stop);
};
