import type { SecureContextOptions, TlsOptions } from "node:tls";

/** PEM texts. With an authority for clients, only those that it vouches for get a connection. */
export type Tls = {
  readonly certificatePem: string | Buffer;
  readonly privateKeyPem: string | Buffer;
  readonly clientCaPem?: string | Buffer | undefined;
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
  ...(tls.clientCaPem !== undefined && { requestCert: true, rejectUnauthorized: true }),
  ALPNProtocols: ["h2", "http/1.1"],
  handshakeTimeout,
});
