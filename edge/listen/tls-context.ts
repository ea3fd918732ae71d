import type { SecureContextOptions, TlsOptions } from "node:tls";

/** Whether clients show a certificate of an authority's: none is asked for, or asked for but not required, or required. */
export type ClientCertificates = "none" | "optional" | "required";

/** PEM texts. With an authority for clients, certificates of theirs are required unless it says otherwise. */
export type Tls = {
  readonly certificatePem: string | Buffer;
  readonly privateKeyPem: string | Buffer;
  readonly clientCaPem?: string | Buffer | undefined;
  readonly clientCertificates?: ClientCertificates | undefined;
};

/** Those of TLS 1.2 have forward secrecy and authenticated encryption; the first three are all that 1.3 has. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** What new connections get. */
export const contextOf = ({
  certificatePem: cert,
  privateKeyPem: key,
  clientCaPem: ca,
}: Tls): SecureContextOptions => ({ cert, key, ca, ciphers, minVersion: "TLSv1.2" });

/** What stays the same when certificates are renewed. */
export const tlsOptionsOf = (tls: Tls, handshakeTimeout: number): TlsOptions => ({
  ...contextOf(tls),
  ...certificateOptions(tls),
  ALPNProtocols: ["h2", "http/1.1"],
  handshakeTimeout,
});

function certificateOptions({ clientCaPem, clientCertificates = "required" }: Tls): TlsOptions {
  if (clientCaPem === undefined || clientCertificates === "none") return { requestCert: false };
  return { requestCert: true, rejectUnauthorized: clientCertificates === "required" };
}
