import { X509Certificate } from "node:crypto";

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** OpenSSL ignores certificates that it cannot parse. The login would then fail with a misleading error. */
export function isCertificates(pem: string): boolean {
  const found = pem.match(certificate) ?? [];
  try {
    return found.length > 0 && found.every((text) => new X509Certificate(text) !== undefined);
  } catch {
    return false;
  }
}
