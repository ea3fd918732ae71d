import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/** An encrypted text; each part in base64. `keyId` tells which key opens it. */
export type Sealed = { readonly keyId: string; readonly nonce: string; readonly ciphertext: string };

export type Vault = {
  /** Encrypts a text for one context: it opens with the same `context` only. */
  seal(text: string, context: readonly string[]): Sealed;
  /** Decrypts. Throws when key, context or bytes are not those that it was sealed with. */
  open(sealed: Sealed, context: readonly string[]): string;
  /** A hash that nobody can search guesses with who has not got the key. */
  fingerprint(bytes: Uint8Array): Buffer;
};

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** A vault whose key is 32 bytes in base64. */
export function createVault(keyBase64: string): Vault {
  const key = Buffer.from(keyBase64, "base64");
  const keyId = derive(key, "key id").toString("base64url").slice(0, 16);
  const fingerprintKey = derive(key, "fingerprint");
  return {
    seal(text, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(additional(context));
      const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { keyId, nonce: nonce.toString("base64"), ciphertext: bytes.toString("base64") };
    },
    open(sealed, context) {
      if (sealed.keyId !== keyId) {
        throw new Error("secret_encryption_key is not the key that this database was encrypted with");
      }
      const bytes = Buffer.from(sealed.ciphertext, "base64");
      const decipher = createDecipheriv(algorithm, key, Buffer.from(sealed.nonce, "base64"), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(additional(context)).setAuthTag(bytes.subarray(-tagBytes));
      return decipher.update(bytes.subarray(0, -tagBytes), undefined, "utf8") + decipher.final("utf8");
    },
    fingerprint: (bytes) => createHmac("sha256", fingerprintKey).update(bytes).digest(),
  };
}

const derive = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, "", `sluice ${purpose}`, keyBytes));

const additional = (context: readonly string[]): Buffer => Buffer.from(JSON.stringify(context));
