// Required by a dependency of the library.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { listen, type TcpPort } from "../lib/tcp.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1000;

export type Pair = { readonly certificatePem: string; readonly privateKeyPem: string };

export type Authority = {
  readonly certificatePem: string;
  /** Issues a server's certificate for these names, valid from yesterday and by default until tomorrow. */
  issue(names: JsonGeneralName[], days?: { from?: number; until?: number }): Promise<Pair>;
};

/** A certificate authority. */
export async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    // Unique, because OpenSSL looks up authorities by name.
    name: `CN=Authority ${randomBytes(8).toString("hex")}`,
    ...validity(-1, 1),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return {
    certificatePem: certificate.toString("pem"),
    issue: (names, { from = -1, until = 1 } = {}) => issue(certificate, keys.privateKey, names, from, until),
  };
}

async function issue(
  issuer: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  names: JsonGeneralName[],
  from: number,
  until: number,
): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString("hex"),
    subject: "CN=a server",
    issuer: issuer.subject,
    ...validity(from, until),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension(names)],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificatePem: certificate.toString("pem"),
    privateKeyPem: PemConverter.encode(key, PemConverter.PrivateKeyTag),
  };
}

const validity = (from: number, until: number) => ({
  notBefore: new Date(Date.now() + from * dayMs),
  notAfter: new Date(Date.now() + until * dayMs),
});

export type TlsDatabase = TcpPort & {
  /** Everything received over TLS, as Latin-1. */
  received(): string;
  /** The SNI name of each client; false if none. */
  serverNames: (string | false | null)[];
  versions: (string | null)[];
};

export type TlsOptions = Pair & {
  /** Responds to the client's login over TLS. */
  readonly serve: (socket: Duplex) => void;
  /** Sent in clear text directly after the agreement to encrypt. */
  readonly injected?: Buffer;
  readonly maxVersion?: "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
};

/** A server that agrees to encrypt, as PostgreSQL does. */
export async function startTlsDatabase(options: TlsOptions): Promise<TlsDatabase> {
  const { certificatePem, privateKeyPem, serve, injected = Buffer.alloc(0), maxVersion } = options;
  const chunks: Buffer[] = [];
  const serverNames: TlsDatabase["serverNames"] = [];
  const versions: TlsDatabase["versions"] = [];
  const port = await listen((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.concat([Buffer.from("S"), injected]));
      const tls = new TLSSocket(socket, {
        isServer: true,
        cert: certificatePem,
        key: privateKeyPem,
        ...(maxVersion && { maxVersion, minVersion: maxVersion, ciphers: "DEFAULT@SECLEVEL=0" }),
      });
      tls.on("error", () => {});
      tls.on("secure", () => {
        serverNames.push((tls as unknown as { servername: string | false | null }).servername);
        versions.push(tls.getProtocol());
      });
      tls.on("data", (chunk: Buffer) => chunks.push(chunk));
      serve(tls);
    });
  });
  const received = () => Buffer.concat(chunks).toString("latin1");
  return Object.assign(port, { received, serverNames, versions });
}

/** Forwards TCP connections to the PostgreSQL server that `url` reaches over a unix socket. */
export function leadTo(url: string): (socket: Duplex) => void {
  const { hostname, port } = new URL(url);
  return (socket) => {
    const upstream = connect(`${decodeURIComponent(hostname)}/.s.PGSQL.${port}`);
    socket.pipe(upstream).pipe(socket);
    upstream.on("error", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
  };
}
