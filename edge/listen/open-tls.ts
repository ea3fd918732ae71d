import type { Logger } from "../../services/lib/telemetry/log.ts";
import {
  type CertificateFiles,
  type Certificates,
  watchCertificates,
} from "../../services/lib/tls/certificates.ts";
import type { ClientCertificates, Tls } from "./tls-context.ts";

/** Certificates that are renewed while the port is open. */
export type OpenTls = Disposable & {
  readonly current: Tls;
  onRenewed(listener: (tls: Tls) => void): void;
};

/** Reads the certificates of the port; undefined without any. */
export async function openTls(
  files: CertificateFiles | undefined,
  { clientCertificates, log }: { clientCertificates: ClientCertificates; log: Logger },
): Promise<OpenTls | undefined> {
  if (!files) return undefined;
  const toTls = ({ cert, key, ca }: Certificates): Tls => ({
    certificatePem: cert,
    privateKeyPem: key,
    clientCaPem: ca,
    clientCertificates,
  });
  const watched = await watchCertificates(files, { log });
  return {
    current: toTls(watched.current),
    onRenewed: (listener) => watched.onRenewed((certificates) => listener(toTls(certificates))),
    [Symbol.dispose]: () => watched[Symbol.dispose](),
  };
}
