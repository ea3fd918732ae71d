import { z } from "zod";
import { type Env, parseEnv, serviceEnv } from "../lib/env.ts";

export type StorageConfig = ReturnType<typeof parseConfig>;

const storageEnv = serviceEnv.extend({
  STORAGE_DIR: z.string("is required: the folder that holds the files' bytes"),
});

/** Reads the settings of a storage process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseEnv(storageEnv, env);
  return Object.freeze({
    logLevel: settings.LOG_LEVEL,
    grpcListen: settings.GRPC_LISTEN,
    databaseUrl: settings.database_url,
    meshPrivateKey: settings.mesh_private_key,
    meshTrustedKeys: settings.mesh_trusted_keys,
    storageDirectory: settings.STORAGE_DIR,
  });
}
