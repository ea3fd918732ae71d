import type { z } from "zod";
import type { serviceEnv } from "../settings/env.ts";
import type { MeshFiles } from "../tls/tls-settings.ts";

/** What was read of the environment of a process of a service, whether it takes calls or not. */
type Read = Readonly<Omit<z.output<typeof serviceEnv>, "GRPC_LISTEN">> & { readonly meshFiles: MeshFiles };

/** The settings that each of them has, by the names that its code has for them. */
export const serviceSettings = (read: Read) => ({
  logLevel: read.LOG_LEVEL,
  databaseUrl: read.database_url,
  meshPrivateKey: read.mesh_private_key,
  meshFiles: read.meshFiles,
  meshTrustedKeys: read.mesh_trusted_keys,
});
