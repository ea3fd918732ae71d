import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Seal, sealAlgorithm, sealedBytes, tagBytes } from "../../../lib/content/sealed-content.ts";
import type { ObjectKey } from "../object-store.ts";
import type { OrgKey } from "./org-keys.ts";

// The end of a sealed object. It holds the data key, wrapped by a key of the organisation, and authenticates the object's
// key and size: they are known only when the content has ended.

const mark = Buffer.from("sluice sealed 1\n");
const idBytes = 16;
const sizeFieldBytes = 8;
const nonceBytes = 12;
const dataKeyBytes = 32;
const idAt = mark.length;
const sizeAt = idAt + idBytes;
const nonceAt = sizeAt + sizeFieldBytes;
const wrappedAt = nonceAt + nonceBytes;
const tagAt = wrappedAt + dataKeyBytes;

export const trailerBytes = tagAt + tagBytes;

/** Size of the object that a content is sealed into. */
export const sealedObjectBytes = (sizeBytes: number): number => sealedBytes(sizeBytes) + trailerBytes;

/** Wraps the data key of an object. */
export function encodeTrailer(key: ObjectKey, { dataKey, sizeBytes }: Seal, orgKey: OrgKey): Buffer {
  const trailer = Buffer.alloc(trailerBytes);
  mark.copy(trailer);
  bytesOfId(orgKey.keyId).copy(trailer, idAt);
  trailer.writeBigUInt64BE(BigInt(sizeBytes), sizeAt);
  randomBytes(nonceBytes).copy(trailer, nonceAt);
  const cipher = createCipheriv(sealAlgorithm, orgKey.key, trailer.subarray(nonceAt, wrappedAt), {
    authTagLength: tagBytes,
  });
  cipher.setAAD(additional(trailer, key));
  cipher.update(dataKey).copy(trailer, wrappedAt);
  cipher.final();
  cipher.getAuthTag().copy(trailer, tagAt);
  return trailer;
}

/** Id of the organisation's key that an object's last bytes name; undefined if they are no trailer. */
export function keyIdOf(trailer: Uint8Array): string | undefined {
  if (trailer.length !== trailerBytes || !mark.equals(trailer.subarray(0, idAt))) return undefined;
  return textOfId(trailer.subarray(idAt, sizeAt));
}

/**
 * The seal of an object from its last bytes, with the key that they name. Undefined if they were not written for this object
 * with this key: it is a plain one that ends alike, or damaged.
 */
export function decodeTrailer(trailer: Buffer, key: ObjectKey, orgKey: OrgKey): Seal | undefined {
  const decipher = createDecipheriv(sealAlgorithm, orgKey.key, trailer.subarray(nonceAt, wrappedAt), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(additional(trailer, key)).setAuthTag(trailer.subarray(tagAt));
  const dataKey = decipher.update(trailer.subarray(wrappedAt, tagAt));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return { dataKey, sizeBytes: Number(trailer.readBigUInt64BE(sizeAt)) };
}

/** Binds the wrapped key to its object and its size. */
const additional = (trailer: Buffer, { orgId, sha256 }: ObjectKey): Buffer =>
  Buffer.concat([trailer.subarray(0, nonceAt), bytesOfId(orgId), Buffer.from(sha256, "hex")]);

const bytesOfId = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");

const textOfId = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
