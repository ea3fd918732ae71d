import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { parseConfig as parseApprovalConfig } from "../approval/config.ts";
import { parseConfig as parseIdentityConfig } from "../identity/config.ts";
import { type Env, parseAll } from "../lib/settings/env.ts";
import { parseConfig as parseOrchestrationConfig } from "../orchestration/config.ts";
import { parseConfig as parseStagingConfig } from "../staging/config.ts";
import { parseConfig as parseStorageConfig } from "../storage/config.ts";
import { parseUsable } from "./config.ts";
import { createMeshKeys } from "./create-mesh-keys.ts";
import { edgeEnv, type Mesh, serviceEnv } from "./process-env.ts";
import { serviceNames } from "./service-names.ts";

/**
 * Parses the settings of every service before anything is started, with placeholders for values that the start
 * creates. Throws a ConfigError with every problem.
 */
export function checkSettings(env: Env): void {
  const config = parseUsable(env);
  const key = Buffer.alloc(32).toString("base64");
  const mesh: Mesh = {
    config,
    keys: createMeshKeys(),
    urls: Object.fromEntries(serviceNames.map((name) => [name, "postgres://127.0.0.1"])) as Mesh["urls"],
    socketDirectory: "/",
    secretEncryptionKey: config.secretEncryptionKey ?? key,
    urlSigningKey: config.urlSigningKey ?? key,
  };
  parseAll(
    () => parseIdentityConfig(serviceEnv(mesh, "identity")),
    () => parseStorageConfig(serviceEnv(mesh, "storage")),
    () => parseOrchestrationConfig(serviceEnv(mesh, "orchestration")),
    () => parseStagingConfig(serviceEnv(mesh, "staging")),
    () => parseApprovalConfig(serviceEnv(mesh, "approval")),
    () => parseEdgeConfig(edgeEnv(mesh)),
  );
}
