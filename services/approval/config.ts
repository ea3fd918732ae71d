import { type Env, grpcAddress, serviceEnv } from "../lib/env.ts";
import { parseMeshEnv } from "../lib/tls-settings.ts";

export type ApprovalConfig = ReturnType<typeof parseConfig>;

const settings = serviceEnv.extend({
  IDENTITY_ADDRESS: grpcAddress,
  ORCHESTRATION_ADDRESS: grpcAddress,
  STAGING_ADDRESS: grpcAddress,
  STORAGE_ADDRESS: grpcAddress,
});

/** Reads the settings of an approval process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const read = parseMeshEnv(settings, env);
  return Object.freeze({
    logLevel: read.LOG_LEVEL,
    grpcListen: read.GRPC_LISTEN,
    databaseUrl: read.database_url,
    meshPrivateKey: read.mesh_private_key,
    meshFiles: read.meshFiles,
    meshTrustedKeys: read.mesh_trusted_keys,
    identityAddress: read.IDENTITY_ADDRESS,
    orchestrationAddress: read.ORCHESTRATION_ADDRESS,
    stagingAddress: read.STAGING_ADDRESS,
    storageAddress: read.STORAGE_ADDRESS,
  });
}
