import { createHmac, timingSafeEqual } from "node:crypto";

/** Permission of a token: to read one file, or what the row of a stored URL says, until a point in time. */
export type Grant = { readonly orgId: string; readonly expireTime: Date } & (
  | { readonly kind: "file"; readonly fileId: string; readonly generation: number }
  | { readonly kind: "url"; readonly urlId: string }
);

/** URLs that work without a credential. */
export type SignedUrls = {
  /** Starts with the public URL of the platform, or with `/` if none is set. */
  urlFor(grant: Grant): string;
  /** The grant of a URL's token; undefined if the token is invalid or has expired. */
  open(token: string): Grant | undefined;
};

type Options = {
  /** A secret of 32 bytes that signs new URLs. */
  readonly key: Uint8Array;
  /** Another key whose URLs are accepted, while keys are exchanged. */
  readonly previousKey?: Uint8Array | undefined;
  readonly publicUrl: string;
  readonly now?: () => number;
};

/** Domain separation: a signature of this key for another purpose is never valid here. */
const purposes = {
  first: "sluice signed url 1\n",
  second: "sluice signed url 2\n",
  keyId: "sluice key id\n",
};
const idBytes = 16;
const timeBytes = 8;
const numberBytes = 4;
const keyIdBytes = 4;
const macBytes = 32;
const kinds = ["file", "url"] as const;
/** Key id, kind, organisation, file or URL, generation and expiry. */
const grantBytes = keyIdBytes + 1 + 2 * idBytes + numberBytes + timeBytes;
/** Tokens of the first form, which is not issued any more: organisation, file and expiry, signed by any key. */
const firstBytes = 2 * idBytes + timeBytes;
/** The sizes with the HMAC-SHA-256 are multiples of 3, so each token has exactly one encoding in base64url. */
const tokenForm = /^(?:[A-Za-z0-9_-]{96}|[A-Za-z0-9_-]{108})$/;

/** Longest validity of a URL, and how far ahead the clock of the process that signed it may be, in milliseconds. */
const lifetimeMsMax = 7 * 24 * 60 * 60 * 1000;
const aheadMsMax = 5 * 60 * 1000;

export function createSignedUrls({ key, previousKey, publicUrl, now = Date.now }: Options): SignedUrls {
  const keys = [key, ...(previousKey ? [previousKey] : [])];
  const byId = new Map(keys.toReversed().map((one) => [keyIdOf(one).toString("hex"), one]));
  const keyId = keyIdOf(key);
  const openFirst = (grant: Buffer, mac: Buffer) =>
    keys.some((one) => timingSafeEqual(mac, macOf(one, purposes.first, grant)))
      ? decodeFirst(grant)
      : undefined;
  const openSecond = (grant: Buffer, mac: Buffer) => {
    const known = byId.get(grant.subarray(0, keyIdBytes).toString("hex"));
    return known && timingSafeEqual(mac, macOf(known, purposes.second, grant)) ? decode(grant) : undefined;
  };
  return {
    urlFor(grant) {
      const bytes = encode(keyId, grant);
      const token = Buffer.concat([bytes, macOf(key, purposes.second, bytes)]).toString("base64url");
      return `${publicUrl}/api/v1/storage/signed/${token}`;
    },
    open(token) {
      if (!tokenForm.test(token)) return undefined;
      const bytes = Buffer.from(token, "base64url");
      const [grant, mac] = [bytes.subarray(0, -macBytes), bytes.subarray(-macBytes)];
      const opened = grant.length === firstBytes ? openFirst(grant, mac) : openSecond(grant, mac);
      const leftMs = (opened?.expireTime.getTime() ?? 0) - now();
      return leftMs > 0 && leftMs <= lifetimeMsMax + aheadMsMax ? opened : undefined;
    },
  };
}

const macOf = (key: Uint8Array, purpose: string, grant: Uint8Array): Buffer =>
  createHmac("sha256", key).update(purpose).update(grant).digest();

const keyIdOf = (key: Uint8Array): Buffer =>
  createHmac("sha256", key).update(purposes.keyId).digest().subarray(0, keyIdBytes);

function encode(keyId: Buffer, grant: Grant): Buffer {
  const bytes = Buffer.alloc(grantBytes);
  let at = keyId.copy(bytes);
  at = bytes.writeUInt8(kinds.indexOf(grant.kind), at);
  at += uuidBytes(grant.orgId).copy(bytes, at);
  at += uuidBytes(grant.kind === "file" ? grant.fileId : grant.urlId).copy(bytes, at);
  at = bytes.writeUInt32BE(grant.kind === "file" ? grant.generation : 0, at);
  bytes.writeBigUInt64BE(BigInt(grant.expireTime.getTime()), at);
  return bytes;
}

function decode(bytes: Buffer): Grant | undefined {
  let at = keyIdBytes;
  const kind = kinds[bytes.readUInt8(at)];
  at += 1;
  const orgId = uuidText(bytes, at);
  const id = uuidText(bytes, at + idBytes);
  at += 2 * idBytes;
  const generation = bytes.readUInt32BE(at);
  const expireTime = new Date(Number(bytes.readBigUInt64BE(at + numberBytes)));
  if (kind === "file") return { kind, orgId, fileId: id, generation, expireTime };
  return kind && { kind, orgId, urlId: id, expireTime };
}

const decodeFirst = (bytes: Buffer): Grant => ({
  kind: "file",
  orgId: uuidText(bytes, 0),
  fileId: uuidText(bytes, idBytes),
  generation: 0,
  expireTime: new Date(Number(bytes.readBigUInt64BE(2 * idBytes))),
});

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll("-", ""), "hex");

const uuidText = (bytes: Buffer, start: number): string =>
  bytes
    .subarray(start, start + idBytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
