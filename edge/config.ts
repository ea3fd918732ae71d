import { z } from "zod";
import { type ServiceName, serviceNames } from "../gen/services.ts";
import { type Env, grpcAddress, logLevel, privateKeyPem } from "../services/lib/settings/env.ts";
import { parseMeshEnv } from "../services/lib/tls/tls-settings.ts";
import { admissionEnv, admissionOf } from "./admission/settings.ts";
import { compatPortsOf, compatProblems, standardCompatEnv } from "./dialects/compat-settings.ts";
import { corsEnv, corsOf, corsProblems } from "./http/cors-settings.ts";
import { tlsEnv, tlsOf, tlsProblems } from "./listen/tls-settings.ts";

export type EdgeConfig = ReturnType<typeof parseConfig>;

/** One gRPC address, or several with commas between. */
const grpcAddresses = z
  .string("is required, as 127.0.0.1:9001 or unix:/run/sluice/identity.sock")
  .refine(
    (text) => text.split(",").every((address) => grpcAddress.safeParse(address).success),
    "must be host:port, or unix: and a path; or several of them, with commas between",
  );

/** The process of compat APIs is needed only where one of them is served. */
const ownServiceNames = serviceNames.filter((name) => name !== "compat");
type OwnServiceName = Exclude<ServiceName, "compat">;

type Upstreams = Record<OwnServiceName, string>;

/** Name of the setting with a service's addresses. */
const addressSetting = (name: OwnServiceName) =>
  `${name.toUpperCase()}_ADDRESS` as `${Uppercase<OwnServiceName>}_ADDRESS`;

const addressEnv = Object.fromEntries(
  ownServiceNames.map((name) => [addressSetting(name), grpcAddresses]),
) as Record<ReturnType<typeof addressSetting>, typeof grpcAddresses>;

const edgeEnv = z.object({
  EDGE_HOST: z.string().default("127.0.0.1"),
  EDGE_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number")
    .default("8080")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be a port number"),
  ...addressEnv,
  STORAGE_DIR: z.string().optional(),
  /** Processes that share the port. */
  EDGE_PROCESSES: z
    .string()
    .regex(/^[1-9]\d?$/, "must be a number from 1 to 99")
    .default("1")
    .transform(Number),
  /** A file that describes compositions. */
  COMPOSITIONS_FILE: z.string().optional(),
  /** Memory for cached responses of each process, in MiB; 0 for none. */
  RESPONSE_CACHE_MIB: z
    .string()
    .regex(/^\d{1,4}$/, "must be a number from 0 to 9999")
    .default("16")
    .transform(Number),
  ...admissionEnv,
  LOG_LEVEL: logLevel,
  ...tlsEnv,
  ...corsEnv,
  ...standardCompatEnv,
  /** The process that serves compat APIs; required where one is served. */
  COMPAT_ADDRESS: grpcAddresses.optional(),
  mesh_private_key: privateKeyPem,
});

/** Names of the edge's secrets. */
export const edgeSecrets = ["mesh_private_key", "rate_limit_store"] as const;

/** Parses the settings of an edge process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(edgeEnv, env, (set) => [
    ...tlsProblems(set),
    ...corsProblems(set),
    ...compatProblems(set),
  ]);
  return Object.freeze({
    logLevel: settings.LOG_LEVEL,
    host: settings.EDGE_HOST,
    port: settings.EDGE_PORT,
    processes: settings.EDGE_PROCESSES,
    ...admissionOf(settings),
    compositionsFile: settings.COMPOSITIONS_FILE,
    responseCacheBytesMax: settings.RESPONSE_CACHE_MIB * 1024 * 1024,
    /** gRPC addresses of the services, by name. */
    upstreams: Object.freeze({
      ...(Object.fromEntries(
        ownServiceNames.map((name) => [name, settings[addressSetting(name)]]),
      ) as Upstreams),
      ...(settings.COMPAT_ADDRESS && { compat: settings.COMPAT_ADDRESS }),
    }),
    /** The folder of storage's files, if the edge can read it: it then sends large downloads itself. */
    storageDirectory: settings.STORAGE_DIR,
    ...tlsOf(settings),
    cors: corsOf(settings),
    /** APIs of other systems that are served. */
    compatApis: settings.COMPAT_APIS,
    compatPorts: compatPortsOf(settings.COMPAT_APIS, settings.RIVERGEN_PORTS),
    meshPrivateKey: settings.mesh_private_key,
    meshFiles: settings.meshFiles,
  });
}
