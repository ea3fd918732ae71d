import ipaddr from "ipaddr.js";
import { z } from "zod";
import { type Env, grpcAddress, serviceEnv } from "../lib/env.ts";
import { serviceSettings } from "../lib/service-settings.ts";
import { parseMeshEnv } from "../lib/tls-settings.ts";

/** A network of addresses: its first address and the length of its prefix. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Networks as comma-separated CIDRs, as `10.0.0.0/8, ::1/128`; none by default. */
const networks = z
  .string()
  .default("")
  .transform((text, context): Network[] => {
    try {
      const names = text.split(",").map((name) => name.trim());
      return names.filter((name) => name !== "").map((name) => ipaddr.parseCIDR(name));
    } catch {
      context.addIssue({ code: "custom", message: "must be comma-separated CIDRs, as 10.0.0.0/8, ::1/128" });
      return z.NEVER;
    }
  });

const orchestrationEnv = serviceEnv.extend({
  ORCHESTRATION_DIR: z.string("is required: a folder of this process's own").min(1),
  IDENTITY_ADDRESS: grpcAddress,
  STORAGE_ADDRESS: grpcAddress,
  SOURCE_ADDRESS_ALLOW: networks,
});

export type OrchestrationConfig = ReturnType<typeof parseConfig>;

/** Reads the settings of an orchestration process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(orchestrationEnv, env);
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    dataDirectory: settings.ORCHESTRATION_DIR,
    identityAddress: settings.IDENTITY_ADDRESS,
    storageAddress: settings.STORAGE_ADDRESS,
    sourceAddressAllow: settings.SOURCE_ADDRESS_ALLOW,
  });
}
