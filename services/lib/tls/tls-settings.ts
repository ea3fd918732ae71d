import { z } from "zod";
import { type Env, parseEnv } from "../settings/env.ts";
import type { CertificateFiles } from "./certificates.ts";
import type { CertificateSettings } from "./check-certificates.ts";

/** Settings of a process's certificate for the mesh. */
export const meshCertificate = {
  cert: "MESH_TLS_CERT_FILE",
  key: "MESH_TLS_KEY_FILE",
  ca: "MESH_TLS_CA_FILE",
} as const satisfies CertificateSettings;

const meshFileNames = Object.values(meshCertificate);

/** Names of settings that hold addresses of services, such as IDENTITY_ADDRESS. */
const serviceAddress = /^GRPC_LISTEN$|^[A-Z]+_ADDRESS$/;

const flag = z
  .enum(["true", "false"], "must be true or false")
  .default("false")
  .transform((text) => text === "true");

/** Settings of every process that calls others in the mesh. */
const meshTlsEnv = z.object({
  MESH_TLS_CERT_FILE: z.string().optional(),
  MESH_TLS_KEY_FILE: z.string().optional(),
  MESH_TLS_CA_FILE: z.string().optional(),
  MESH_ALLOW_CLEARTEXT: flag,
});

type MeshTlsSettings = z.output<typeof meshTlsEnv>;

/** Certificate files of a process for the mesh; undefined without TLS. */
export type MeshFiles = Required<CertificateFiles> | undefined;

/**
 * Parses settings together with the mesh's. Addresses of other machines need TLS, or MESH_ALLOW_CLEARTEXT.
 * `problemsOf` returns further problems that concern several settings.
 */
export function parseMeshEnv<S extends z.ZodObject>(
  schema: S,
  env: Env,
  problemsOf: (set: Env) => readonly string[] = () => [],
): Readonly<z.output<S> & MeshTlsSettings> & { readonly meshFiles: MeshFiles } {
  const addresses = Object.keys(schema.shape).filter((name) => serviceAddress.test(name));
  const settings = parseEnv(schema.and(meshTlsEnv), env, (set) => [
    ...problemsOf(set),
    ...togetherProblems(set, meshFileNames),
    ...cleartextProblems(set, addresses),
  ]);
  return Object.assign({}, settings, { meshFiles: meshFilesOf(settings) });
}

function meshFilesOf(settings: MeshTlsSettings): MeshFiles {
  const { MESH_TLS_CERT_FILE: certFile, MESH_TLS_KEY_FILE: keyFile, MESH_TLS_CA_FILE: caFile } = settings;
  return certFile && keyFile && caFile ? { certFile, keyFile, caFile } : undefined;
}

/** Problems of settings that are only valid together. */
export function togetherProblems(set: Env, names: readonly string[]): string[] {
  const given = names.filter((name) => set[name] !== undefined);
  const missing = names.filter((name) => set[name] === undefined);
  return given.length === 0 ? [] : missing.map((name) => `${name}: is required with ${given.join(", ")}`);
}

function cleartextProblems(set: Env, addresses: readonly string[]): string[] {
  const isSecure = meshFileNames.some((name) => set[name] !== undefined);
  if (isSecure || set.MESH_ALLOW_CLEARTEXT === "true") return [];
  return addresses
    .filter((name) => !staysOnMachine(set[name] ?? "unix:"))
    .map(
      (name) =>
        `${name}: reaches beyond this machine without TLS: set ${meshFileNames.join(", ")}, ` +
        "or MESH_ALLOW_CLEARTEXT=true where nobody else can read or reach that network",
    );
}

/** A setting may hold several addresses, separated by commas. */
const staysOnMachine = (addresses: string): boolean =>
  addresses.split(",").every((address) => /^unix:|^localhost:|^127(\.\d{1,3}){3}:|^\[::1\]:/.test(address));
