import { ConfigError, type Env } from "../settings/env.ts";
import { checkPair, readPemNow } from "./certificates.ts";

/** Names of the settings that hold the paths of a certificate, its key, and the authorities of the other side. */
export type CertificateSettings = { readonly cert: string; readonly key: string; readonly ca: string };

/** Reads the files that the settings name, if they name any. Throws a ConfigError that names each unusable one. */
export function checkCertificates(env: Env, settings: CertificateSettings): void {
  const problems: string[] = [];
  const read = (name: string): Buffer | undefined => {
    const path = env[name];
    if (!path) return undefined;
    try {
      return readPemNow(path);
    } catch (error) {
      problems.push(`  ${name}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const [cert, key, ca] = [read(settings.cert), read(settings.key), read(settings.ca)];
  if (cert && key) problems.push(...pairProblems(env, settings, { cert, key, ca }));
  if (problems.length > 0) throw new ConfigError(problems);
}

function pairProblems(
  env: Env,
  { cert: certFile = "", key: keyFile = "", ca: caFile }: CertificateSettings,
  contents: { cert: Buffer; key: Buffer; ca: Buffer | undefined },
): string[] {
  try {
    checkPair({ certFile: env[certFile] ?? "", keyFile: env[keyFile] ?? "", caFile: env[caFile] }, contents);
    return [];
  } catch (error) {
    return [`  ${certFile}, ${keyFile}: ${(error as Error).message}`];
  }
}
