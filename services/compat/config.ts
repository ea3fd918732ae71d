import { type Env, grpcAddress, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";
import { cdapEnv } from "./cdap/settings.ts";
import { gatewayEnv, registrationOf } from "./gateway/settings.ts";
import { rivergenEnv, rivergenOf, rivergenProblems } from "./rivergen/settings.ts";

export type CompatConfig = ReturnType<typeof parseConfig>;

/** Secrets of the process: it has no database. */
export const compatSecrets = ["mesh_private_key", "mesh_trusted_keys"] as const;

const settings = serviceEnv.omit({ database_url: true }).extend({
  IDENTITY_ADDRESS: grpcAddress,
  ...cdapEnv,
  ...gatewayEnv,
  ...rivergenEnv,
});

/** Reads the settings of the process that serves compat APIs; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const read = parseMeshEnv(settings, env, rivergenProblems);
  return Object.freeze({
    logLevel: read.LOG_LEVEL,
    grpcListen: read.GRPC_LISTEN,
    meshPrivateKey: read.mesh_private_key,
    meshFiles: read.meshFiles,
    meshTrustedKeys: read.mesh_trusted_keys,
    identityAddress: read.IDENTITY_ADDRESS,
    /** Undefined: nobody may register without a credential. */
    gatewayRegistration: registrationOf(read),
    /** Undefined: RiverGen's API is not served. */
    rivergen: rivergenOf(read),
    /** Whether namespaces can be deleted by CDAP's API. */
    cdapUnrecoverableReset: read.CDAP_UNRECOVERABLE_RESET === "true",
  });
}
