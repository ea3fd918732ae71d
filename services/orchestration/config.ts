import ipaddr from "ipaddr.js";
import { z } from "zod";
import { type Env, grpcAddress, parseEnv, serviceEnv } from "../lib/env.ts";

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

const orchestrationEnv = serviceEnv
  .extend({
    ORCHESTRATION_DIR: z.string("is required: a folder of this process's own").min(1),
    IDENTITY_ADDRESS: grpcAddress,
    STORAGE_ADDRESS: grpcAddress,
    SOURCE_ADDRESS_ALLOW: networks,
  })
  .transform((env) => ({
    logLevel: env.LOG_LEVEL,
    grpcListen: env.GRPC_LISTEN,
    databaseUrl: env.database_url,
    meshPrivateKey: env.mesh_private_key,
    meshTrustedKeys: env.mesh_trusted_keys,
    dataDirectory: env.ORCHESTRATION_DIR,
    identityAddress: env.IDENTITY_ADDRESS,
    storageAddress: env.STORAGE_ADDRESS,
    sourceAddressAllow: env.SOURCE_ADDRESS_ALLOW,
  }));

export type OrchestrationConfig = Readonly<z.output<typeof orchestrationEnv>>;

export const parseConfig = (env: Env): OrchestrationConfig => parseEnv(orchestrationEnv, env);
