import type { Env } from "../../services/lib/settings/env.ts";
import { peakMemoryBytes, readBytes } from "../lib/proc.ts";
import { type ServiceProcess, spawnService } from "../lib/service-process.ts";
import type { TestDatabase } from "../lib/test-database.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { urlSigningKey } from "./fixtures.ts";

export type StorageProcess = ServiceProcess & {
  /** Peak resident memory, in bytes. */
  peakMemoryBytes(): Promise<number>;
  /** Bytes read from files and connections so far. */
  readBytes(): Promise<number>;
};

/** Starts storage as a process. `fileBytesMax` is the largest file that it may write. */
export async function spawnStorage(
  database: Pick<TestDatabase, "urls">,
  directory: string,
  { env: added = {}, ...options }: { fileBytesMax?: number; env?: Env } = {},
): Promise<StorageProcess> {
  const env = {
    GRPC_LISTEN: "127.0.0.1:0",
    DATABASE_URL: database.urls.storage,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.storage,
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    STORAGE_DIR: directory,
    IDENTITY_ADDRESS: "127.0.0.1:1",
    ORCHESTRATION_ADDRESS: "127.0.0.1:1",
    URL_SIGNING_KEY: urlSigningKey.toString("base64"),
    ...added,
  };
  const child = await spawnService("storage", env, options);
  return {
    ...child,
    peakMemoryBytes: () => peakMemoryBytes(child.pid),
    readBytes: () => readBytes(child.pid),
  };
}
