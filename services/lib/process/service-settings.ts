import type { z } from "zod";
import type { serviceEnv } from "../settings/env.ts";
import type { MeshFiles } from "../tls/tls-settings.ts";

/** Parsed environment of a service's process, with or without a listener. */
type Read = Readonly<Omit<z.output<typeof serviceEnv>, "GRPC_LISTEN">> & { readonly meshFiles: MeshFiles };

/** Settings that all processes of services share, under the names used in code. */
export const serviceSettings = (read: Read) => ({
  logLevel: read.LOG_LEVEL,
  databaseUrl: read.database_url,
  meshPrivateKey: read.mesh_private_key,
  meshFiles: read.meshFiles,
  meshTrustedKeys: read.mesh_trusted_keys,
});
