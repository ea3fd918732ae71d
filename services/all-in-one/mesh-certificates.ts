// Required by a dependency of the X.509 library.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { certificateNameOf } from "../lib/mesh/mesh-tls.ts";

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
/** Short, because renewal is one command without a restart. */
const certificateDays = 397;
/** Allowed clock skew between machines, in milliseconds. */
const clockSkewMs = 10 * 60 * 1000;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate and its private key (PKCS #8), both in PEM. */
export type Pair = { readonly certificatePem: string; readonly privateKeyPem: string };

/** Creates the certificate authority of one mesh. */
export async function createMeshAuthority(): Promise<Pair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=Sluice mesh",
    ...validFor(authorityDays),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return toPair(certificate, keys);
}

/** Creates the certificate of one process, valid as client and as server. */
export async function createMeshCertificate(authority: Pair, process: string): Promise<Pair> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.certificatePem);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${certificateNameOf(process)}`,
    issuer: issuer.subject,
    ...validFor(certificateDays),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: certificateNameOf(process) }]),
    ],
  });
  return toPair(certificate, keys);
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), algorithm, false, ["sign"]);

const serialNumber = (): string => randomBytes(16).toString("hex");

const validFor = (days: number) => ({
  notBefore: new Date(Date.now() - clockSkewMs),
  notAfter: new Date(Date.now() + days * dayMs),
});

async function toPair(certificate: X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Promise<Pair> {
  const pkcs8 = await cryptoProvider.get().subtle.exportKey("pkcs8", privateKey);
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    privateKeyPem: `${PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag)}\n`,
  };
}
