import { randomUUID } from "node:crypto";
import { isId } from "../../../lib/values/ids.ts";
import type { ObjectKey } from "../object-store.ts";
import type { Bucket } from "./bucket.ts";

type Prefixed = Pick<Bucket, "prefix">;

const objectForm = /^([\da-f-]{36})\/[\da-f]{2}\/[\da-f]{2}\/([\da-f]{64})$/;

/** `<org>/ab/cd/<hash>`, as on disk: rules of a bucket can name an organisation. */
export const objectPath = ({ prefix }: Prefixed, { orgId, sha256 }: ObjectKey): string =>
  `${prefix}${orgId}/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;

/** Undefined if the path is none of an object. */
export function keyOfPath({ prefix }: Prefixed, path: string): ObjectKey | undefined {
  const [, orgId = "", sha256 = ""] = objectForm.exec(path.slice(prefix.length)) ?? [];
  return isId(orgId) ? { orgId, sha256 } : undefined;
}

/** Of unpublished uploads. */
export const uploadsPath = ({ prefix }: Prefixed): string => `${prefix}tmp/`;

/** Marks an upload in parts, so that it is found: not every server lists uploads in parts by their prefix. */
export const markerPath = (bucket: Prefixed, uploadId: string): string => `${uploadsPath(bucket)}${uploadId}`;

export const segmentPath = (bucket: Prefixed, uploadId: string, index: number): string =>
  `${markerPath(bucket, uploadId)}.${index}`;

/** Of objects that are being deleted. */
export const asidesPath = ({ prefix }: Prefixed): string => `${prefix}aside/`;

export const newAsidePath = (bucket: Prefixed, { orgId, sha256 }: ObjectKey): string =>
  `${asidesPath(bucket)}${orgId}.${sha256}.${randomUUID()}`;

/** Undefined if the path is another one. */
export function keyOfAside(bucket: Prefixed, path: string): ObjectKey | undefined {
  const [orgId = "", sha256 = "", id] = path.slice(asidesPath(bucket).length).split(".");
  return id === undefined ? undefined : { orgId, sha256 };
}
