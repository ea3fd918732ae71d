import { createHmac, timingSafeEqual } from "node:crypto";

/** Permission to read one file until a point in time. */
type Grant = { readonly orgId: string; readonly fileId: string; readonly expireTime: Date };

/** URLs that read one file each without a credential. */
export type SignedUrls = {
  /** Starts with the public URL of the platform, or with `/` if none is set. */
  urlFor(grant: Grant): string;
  /** The grant of a URL's token; undefined if the token is invalid or has expired. */
  open(token: string): Grant | undefined;
};

/** Domain separation: a signature of this key for another purpose is never valid here. */
const purpose = "sluice signed url 1\n";
const idBytes = 16;
const timeBytes = 8;
const grantBytes = 2 * idBytes + timeBytes;
/** A grant and its HMAC-SHA-256 are 72 bytes, so each token has exactly one encoding in base64url, without padding. */
const tokenForm = /^[A-Za-z0-9_-]{96}$/;

/** `key` is a secret of 32 bytes. */
export function createSignedUrls({ key, publicUrl }: { key: Uint8Array; publicUrl: string }): SignedUrls {
  const mac = (grant: Uint8Array) => createHmac("sha256", key).update(purpose).update(grant).digest();
  return {
    urlFor(grant) {
      const bytes = encode(grant);
      const token = Buffer.concat([bytes, mac(bytes)]).toString("base64url");
      return `${publicUrl}/api/v1/storage/signed/${token}`;
    },
    open(token) {
      if (!tokenForm.test(token)) return undefined;
      const bytes = Buffer.from(token, "base64url");
      const grant = bytes.subarray(0, grantBytes);
      if (!timingSafeEqual(bytes.subarray(grantBytes), mac(grant))) return undefined;
      const opened = decode(grant);
      return opened.expireTime.getTime() > Date.now() ? opened : undefined;
    },
  };
}

function encode({ orgId, fileId, expireTime }: Grant): Buffer {
  const time = Buffer.alloc(timeBytes);
  time.writeBigUInt64BE(BigInt(expireTime.getTime()));
  return Buffer.concat([uuidBytes(orgId), uuidBytes(fileId), time]);
}

function decode(bytes: Buffer): Grant {
  return {
    orgId: uuidText(bytes.subarray(0, idBytes)),
    fileId: uuidText(bytes.subarray(idBytes, 2 * idBytes)),
    expireTime: new Date(Number(bytes.readBigUInt64BE(2 * idBytes))),
  };
}

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll("-", ""), "hex");

const uuidText = (bytes: Buffer): string =>
  bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
