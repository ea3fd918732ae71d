import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createMeshAuthority, createMeshCertificate, type Pair } from "./mesh-certificates.ts";

/** File names of cert-manager. */
const names = { certificate: "tls.crt", privateKey: "tls.key", authority: "ca.crt" } as const;

/** Folder of the authority. No process needs it at run time. */
export const authorityFolder = "ca";

/** Creates the authority of a mesh. Rejects if one exists. */
export async function makeAuthority(folder: string): Promise<void> {
  const path = join(folder, authorityFolder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { certificatePem, privateKeyPem } = await createMeshAuthority();
  await writeFile(join(path, names.privateKey), privateKeyPem, { mode: 0o600, flag: "wx" });
  await writeFile(join(path, names.certificate), certificatePem, { mode: 0o600, flag: "wx" });
}

/** Issues a new certificate to each process. Running processes reload it. */
export async function issueCertificates(folder: string, processes: readonly string[]): Promise<void> {
  const authority = await readAuthority(join(folder, authorityFolder));
  for (const process of processes) {
    const { certificatePem, privateKeyPem } = await createMeshCertificate(authority, process);
    const replace = (name: string, text: string) => replaceFile(join(folder, process, name), text);
    await replace(names.privateKey, privateKeyPem);
    await replace(names.certificate, certificatePem);
    await replace(names.authority, authority.certificatePem);
  }
}

async function readAuthority(path: string): Promise<Pair> {
  return {
    certificatePem: await readFile(join(path, names.certificate), "utf8"),
    privateKeyPem: await readFile(join(path, names.privateKey), "utf8"),
  };
}

/** Atomic: readers see the old file or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}
