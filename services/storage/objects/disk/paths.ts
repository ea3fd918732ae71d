import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ObjectKey } from "../object-store.ts";

/** Folder of the objects, below the root. */
export const objectsFolder = "objects";

/** Path of a hash below a folder. Two levels keep a folder with 10^8 files small. */
export const hashPath = (folder: string, sha256: string): string =>
  join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);

export const objectPath = (root: string, { orgId, sha256 }: ObjectKey): string =>
  hashPath(join(root, objectsFolder, orgId), sha256);

/** A new name for an object that is being deleted. */
export const asideName = ({ orgId, sha256 }: ObjectKey): string => `${orgId}.${sha256}.${randomUUID()}`;

/** Undefined if the name is another one. */
export function keyOfAside(name: string): ObjectKey | undefined {
  const [orgId = "", sha256 = "", id] = name.split(".");
  return id === undefined ? undefined : { orgId, sha256 };
}
