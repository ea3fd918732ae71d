import type { Env } from "../../services/lib/settings/env.ts";
import { type SpawnedProcess, spawnProcess } from "../lib/spawned-process.ts";

/** The real process, as `npm run start:worker` starts it; resolves when it takes jobs. */
export function spawnWorker(settings: Env): Promise<SpawnedProcess> {
  const { database_url, mesh_private_key, mesh_trusted_keys, GRPC_LISTEN: _, ...env } = settings;
  return spawnProcess("services/staging/worker/main.ts", {
    ...env,
    STAGING_JOBS_AT_ONCE: "1",
    DATABASE_URL: database_url,
    MESH_PRIVATE_KEY: mesh_private_key,
    MESH_TRUSTED_KEYS: mesh_trusted_keys,
  });
}
