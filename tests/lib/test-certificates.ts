import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createMeshAuthority,
  createMeshCertificate,
  type Pair,
} from "../../services/all-in-one/mesh-certificates.ts";

/** A certificate authority for tests. */
export const createAuthority = createMeshAuthority;

/** Files like those of a mounted Kubernetes secret: links through a link, which is replaced atomically. */
export type CertificateFolder = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** Replaces the contents of all files by swapping one link. */
  swap(contents: { certificatePem: string; privateKeyPem: string; caPem: string }): Promise<void>;
};

/** Creates a folder with these certificate files. */
export async function certificateFolder(
  folder: string,
  contents: { certificatePem: string; privateKeyPem: string; caPem: string },
): Promise<CertificateFolder> {
  let version = 0;
  await mkdir(folder, { recursive: true });
  const swap: CertificateFolder["swap"] = async ({ certificatePem, privateKeyPem, caPem }) => {
    version += 1;
    const data = join(folder, `..version-${version}`);
    await mkdir(data);
    await writeFile(join(data, "tls.crt"), certificatePem);
    await writeFile(join(data, "tls.key"), privateKeyPem);
    await writeFile(join(data, "ca.crt"), caPem);
    await symlink(data, join(folder, "..data_new"));
    await rename(join(folder, "..data_new"), join(folder, "..data"));
  };
  await swap(contents);
  for (const name of ["tls.crt", "tls.key", "ca.crt"])
    await symlink(join("..data", name), join(folder, name));
  return {
    certFile: join(folder, "tls.crt"),
    keyFile: join(folder, "tls.key"),
    caFile: join(folder, "ca.crt"),
    swap,
  };
}

/** The certificate files of a process of the mesh. */
export async function contentsFor(authority: Pair, process: string) {
  return { ...(await createMeshCertificate(authority, process)), caPem: authority.certificatePem };
}
