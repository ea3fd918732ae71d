import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { databaseServiceNames, serviceNames } from "../../gen/services.ts";
import { type Env, parseAll } from "../lib/settings/env.ts";
import { parseUsable } from "./config.ts";
import { createMeshKeys } from "./create-mesh-keys.ts";
import { edgeEnv, type Mesh, serviceEnv } from "./service-env.ts";
import { services } from "./services.ts";

/**
 * Parses the settings of the edge and of every service before anything is started, with placeholders for values that the
 * start creates. Throws a ConfigError with every problem.
 */
export function checkSettings(env: Env): void {
  const config = parseUsable(env);
  const key = Buffer.alloc(32).toString("base64");
  const mesh: Mesh = {
    config,
    keys: createMeshKeys(),
    urls: Object.fromEntries(
      databaseServiceNames.map((name) => [name, "postgres://127.0.0.1"]),
    ) as Mesh["urls"],
    socketDirectory: "/",
    secretEncryptionKey: config.secretEncryptionKey ?? key,
    urlSigningKey: config.urlSigningKey ?? key,
  };
  parseAll(...serviceNames.map((name) => () => services[name].checkSettings(serviceEnv(mesh, name))), () =>
    parseEdgeConfig(edgeEnv(mesh)),
  );
}
