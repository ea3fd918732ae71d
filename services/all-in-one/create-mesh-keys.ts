import { generateKeyPairSync } from "node:crypto";
import { serviceNames } from "./service-names.ts";

export type MeshKeys = {
  /** Ed25519 private key of each process, PKCS #8 PEM. */
  readonly privateKeys: Readonly<Record<string, string>>;
  /** Public key of each process, SPKI PEM. */
  readonly publicKeys: Readonly<Record<string, string>>;
};

/** Creates a key pair for every process of a mesh. Each signs with its own and trusts all. */
export function createMeshKeys(): MeshKeys {
  const pairs = ["edge", ...serviceNames].map((name) => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return {
      name,
      privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    };
  });
  return {
    privateKeys: Object.fromEntries(pairs.map(({ name, privateKey }) => [name, privateKey])),
    publicKeys: Object.fromEntries(pairs.map(({ name, publicKey }) => [name, publicKey])),
  };
}
