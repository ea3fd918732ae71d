import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, grpcAddress, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";

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
    ...serviceSettings(read),
    grpcListen: read.GRPC_LISTEN,
    identityAddress: read.IDENTITY_ADDRESS,
    orchestrationAddress: read.ORCHESTRATION_ADDRESS,
    stagingAddress: read.STAGING_ADDRESS,
    storageAddress: read.STORAGE_ADDRESS,
  });
}
