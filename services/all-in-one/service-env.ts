import { join } from "node:path";
import { type DatabaseServiceName, type ServiceName, serviceNames } from "../../gen/services.ts";
import type { Env } from "../lib/settings/env.ts";
import type { AllInOneConfig } from "./config.ts";
import type { MeshKeys } from "./create-mesh-keys.ts";
import type { ServiceUrls } from "./provision-database.ts";

/** Values that all services of a mesh in one process share. */
export type Mesh = {
  readonly config: AllInOneConfig;
  readonly keys: MeshKeys;
  readonly urls: ServiceUrls;
  /** Folder of the unix sockets. */
  readonly socketDirectory: string;
  /** 32 bytes each, base64. */
  readonly secretEncryptionKey: string;
  readonly urlSigningKey: string;
};

/** Environment of a service as in a separate process, so that the same code parses it. */
export function serviceEnv(mesh: Mesh, service: ServiceName): Env {
  const { config } = mesh;
  return {
    ...commonEnv(mesh, service),
    GRPC_LISTEN: addressOf(mesh, service),
    database_url: databaseUrlOf(mesh, service),
    mesh_trusted_keys: JSON.stringify(mesh.keys.publicKeys),
    secret_encryption_key: mesh.secretEncryptionKey,
    url_signing_key: mesh.urlSigningKey,
    BOOTSTRAP_ADMIN_EMAIL: config.bootstrapAdminEmail,
    BOOTSTRAP_ADMIN_PASSWORD: config.bootstrapAdminPassword,
    PUBLIC_URL: config.publicUrl,
    STORAGE_DIR: storageDirectory(mesh),
    ORCHESTRATION_DIR: join(config.dataDirectory, "orchestration"),
    LENT_FILES_DIR: join(config.dataDirectory, "orchestration", "lent"),
    STAGING_JOBS_AT_ONCE: config.stagingJobsAtOnce,
    SOURCE_ADDRESS_ALLOW: config.sourceAddressAllow,
    ...config.identitySettings,
    ...config.orchestrationSettings,
    ...config.storageSettings,
    ...config.compatSettings,
    ...(service === "identity" && config.identitySettings),
  };
}

/** As serviceEnv, for the edge. */
export function edgeEnv(mesh: Mesh): Env {
  const { config } = mesh;
  return {
    ...commonEnv(mesh, "edge"),
    ...config.edgeSettings,
    EDGE_HOST: config.edgeHost,
    EDGE_PORT: config.edgePort,
    STORAGE_DIR: storageDirectory(mesh),
  };
}

/** Undefined for a service without tables. */
const databaseUrlOf = ({ urls }: Mesh, service: ServiceName): string | undefined =>
  service in urls ? urls[service as DatabaseServiceName] : undefined;

const storageDirectory = ({ config }: Mesh): string => join(config.dataDirectory, "storage");

function commonEnv(mesh: Mesh, process: string): Env {
  const addresses = serviceNames.map((name) => [`${name.toUpperCase()}_ADDRESS`, addressOf(mesh, name)]);
  return {
    ...Object.fromEntries(addresses),
    LOG_LEVEL: mesh.config.logLevel,
    mesh_private_key: mesh.keys.privateKeys[process],
  };
}

const addressOf = ({ socketDirectory }: Mesh, service: ServiceName): string =>
  `unix:${join(socketDirectory, `${service}.sock`)}`;
