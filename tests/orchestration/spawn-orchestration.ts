import type { Env } from "../../services/lib/settings/env.ts";
import { type SpawnedProcess, spawnProcess } from "../lib/spawned-process.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import type { Orchestration } from "./orchestration.ts";

/** Starts the service once more, in a process of its own with this data folder, on the same database. */
export const spawnOrchestration = (
  { config, peers }: Orchestration,
  folder: string,
  env: Env = {},
): Promise<SpawnedProcess> =>
  spawnProcess("services/orchestration/main.ts", {
    GRPC_LISTEN: "127.0.0.1:0",
    DATABASE_URL: config.databaseUrl,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.orchestration,
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    ORCHESTRATION_DIR: folder,
    IDENTITY_ADDRESS: peers.address,
    STORAGE_ADDRESS: peers.address,
    ...env,
  });
