import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/** An encrypted text; each part in base64. `keyId` identifies the encryption key. */
export type Sealed = { readonly keyId: string; readonly nonce: string; readonly ciphertext: string };

export type Vault = {
  /** Id of the key that encrypts. */
  readonly keyId: string;
  /** Id of the key that only decrypts. */
  readonly decryptionKeyId: string | undefined;
  /** Encrypts a text. It can be decrypted with the same `context` only. */
  seal(text: string, context: readonly string[]): Sealed;
  /** Decrypts with the key that the text was encrypted with. Throws if key, context or bytes differ. */
  open(sealed: Sealed, context: readonly string[]): string;
  /** A keyed hash (HMAC). Guesses can't be checked without the key. */
  fingerprint(bytes: Uint8Array): Buffer;
  /** The same with the key that only decrypts. */
  formerFingerprint(bytes: Uint8Array): Buffer | undefined;
};

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Each key is 32 bytes in base64. `decryptionKey` only decrypts. */
export function createVault(encryptionKey: string, decryptionKey?: string): Vault {
  const current = createCipher(encryptionKey);
  const former = decryptionKey === undefined ? undefined : createCipher(decryptionKey);
  return {
    keyId: current.keyId,
    decryptionKeyId: former?.keyId,
    seal: current.seal,
    open(sealed, context) {
      const cipher = [current, former].find((one) => one?.keyId === sealed.keyId);
      if (!cipher) throw new Error(wrongKey);
      return cipher.open(sealed, context);
    },
    fingerprint: current.fingerprint,
    formerFingerprint: (bytes) => former?.fingerprint(bytes),
  };
}

const wrongKey =
  "secret_encryption_key is not the key that this database was encrypted with, nor is secret_decryption_key";

function createCipher(keyBase64: string): Omit<Vault, "decryptionKeyId" | "formerFingerprint"> {
  const key = Buffer.from(keyBase64, "base64");
  const keyId = derive(key, "key id").toString("base64url").slice(0, 16);
  const fingerprintKey = derive(key, "fingerprint");
  return {
    keyId,
    seal(text, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(additional(context));
      const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { keyId, nonce: nonce.toString("base64"), ciphertext: bytes.toString("base64") };
    },
    open(sealed, context) {
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
