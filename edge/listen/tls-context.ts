import type { SecureContextOptions, TlsOptions } from "node:tls";

/** Whether clients need a certificate of an authority. */
export type ClientCertificates = "none" | "optional" | "required";

/** PEM texts. With an authority for clients, their certificates are required by default. */
export type Tls = {
  readonly certificatePem: string | Buffer;
  readonly privateKeyPem: string | Buffer;
  readonly clientCaPem?: string | Buffer | undefined;
  readonly clientCertificates?: ClientCertificates | undefined;
};

/** All of TLS 1.3, and those of TLS 1.2 with forward secrecy and authenticated encryption. */
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

/** Options of new connections. */
export const contextOf = ({
  certificatePem: cert,
  privateKeyPem: key,
  clientCaPem: ca,
}: Tls): SecureContextOptions => ({ cert, key, ca, ciphers, minVersion: "TLSv1.2" });

/** Options that renewed certificates do not change. */
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
