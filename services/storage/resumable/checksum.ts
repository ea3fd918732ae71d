import { createHash, timingSafeEqual } from "node:crypto";
import { checksumMismatch } from "./errors.ts";

/** The checksum of the bytes of one request. */
export type Checksum = {
  add(chunk: Uint8Array): void;
  /** Throws checksumMismatch. */
  verify(): void;
};

/** Undefined without an algorithm: then there is nothing to verify. */
export function createChecksum(algorithm: string, expected: Uint8Array): Checksum | undefined {
  if (algorithm === "") return undefined;
  const hash = createHash(algorithm);
  return {
    add: (chunk) => void hash.update(chunk),
    verify() {
      const received = hash.digest();
      const isSame = received.length === expected.length && timingSafeEqual(received, expected);
      if (!isSame) throw checksumMismatch(algorithm);
    },
  };
}
