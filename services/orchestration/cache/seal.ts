import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/**
 * Encrypts what is kept outside of this service, and detects what is not its own: rows of a file whose content storage keeps
 * encrypted do not lie in the cache as they are.
 */
export type Seal = {
  /** `place` is what the value is kept under. */
  close(place: string, value: Uint8Array): Uint8Array;
  /** Undefined for bytes that this service did not keep at this place. */
  open(place: string, sealed: Uint8Array): Uint8Array | undefined;
};

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

const sealBytes = nonceBytes + tagBytes;

/** `secret` is the same in all processes of this service. Each place has a key of its own. */
export function createSeal(secret: string): Seal {
  const keyOf = (place: string) => Buffer.from(hkdfSync("sha256", secret, place, "sluice results", keyBytes));
  return {
    close(place, value) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, keyOf(place), nonce);
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    open(place, sealed) {
      if (sealed.length < sealBytes) return undefined;
      const end = sealed.length - tagBytes;
      const decipher = createDecipheriv(algorithm, keyOf(place), sealed.subarray(0, nonceBytes));
      decipher.setAuthTag(sealed.subarray(end));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, end)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
