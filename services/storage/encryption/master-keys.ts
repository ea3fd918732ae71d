import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** The master keys of the installation. They wrap the keys of the organisations. */
export type MasterKeys = {
  /** Id of the key that wraps. */
  readonly keyId: string;
  /** Ids of the keys that only unwrap. */
  readonly previousKeyIds: readonly string[];
  /** Wraps a key with the current master key. `context` is needed to unwrap it. */
  wrap(key: Uint8Array, context: readonly string[]): string;
  /** Unwraps a key. Throws if the master key is not there, or context or bytes differ. */
  unwrap(masterKeyId: string, wrapped: string, context: readonly string[]): Buffer;
};

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
const derivedBytes = 32;

/** Each key is 32 bytes in base64. */
export function createMasterKeys(current: string, previous: readonly string[]): MasterKeys {
  const [wrapping, ...unwrapping] = [current, ...previous].map((text) => keyOf(text));
  if (!wrapping) throw new Error("there is no master key");
  const byId = new Map([wrapping, ...unwrapping].map((one) => [one.keyId, one.key]));
  return {
    keyId: wrapping.keyId,
    previousKeyIds: unwrapping.map(({ keyId }) => keyId).filter((keyId) => keyId !== wrapping.keyId),
    wrap(key, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, wrapping.key, nonce).setAAD(additional(context));
      return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]).toString(
        "base64",
      );
    },
    unwrap(masterKeyId, wrapped, context) {
      const key = byId.get(masterKeyId);
      if (!key) throw new Error("the master key that wraps the key of an organisation is not there");
      const bytes = Buffer.from(wrapped, "base64");
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(additional(context)).setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    },
  };
}

/** The id is derived from the key, and reveals nothing about it. The key itself is used for nothing but derivation. */
function keyOf(text: string): { keyId: string; key: Buffer } {
  const master = Buffer.from(text, "base64");
  return {
    keyId: derive(master, "key id").toString("base64url").slice(0, 16),
    key: derive(master, "wrapping"),
  };
}

const derive = (master: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", master, "", `sluice storage ${purpose}`, derivedBytes));

const additional = (context: readonly string[]): Buffer => Buffer.from(JSON.stringify(context));
