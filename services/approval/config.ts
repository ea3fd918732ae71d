import { type Env, grpcAddress, parseEnv, serviceEnv } from "../lib/env.ts";

export type ApprovalConfig = ReturnType<typeof parseConfig>;

/** Reads the settings of an approval process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseEnv(serviceEnv.extend({ ORCHESTRATION_ADDRESS: grpcAddress }), env);
  return Object.freeze({
    logLevel: settings.LOG_LEVEL,
    grpcListen: settings.GRPC_LISTEN,
    databaseUrl: settings.database_url,
    meshPrivateKey: settings.mesh_private_key,
    meshTrustedKeys: settings.mesh_trusted_keys,
    orchestrationAddress: settings.ORCHESTRATION_ADDRESS,
  });
}
