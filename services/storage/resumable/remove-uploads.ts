import type { Db } from "../../lib/database/database.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import { abandon } from "./finish-upload.ts";
import { deleteParts } from "./part-repository.ts";
import { releaseUpload } from "./upload-quota.ts";
import {
  deleteUpload,
  listExpired,
  lockExpired,
  lockSomeIn,
  type NamespaceKey,
  type UploadRow,
} from "./upload-repository.ts";

/** Removes uploads of one organisation that are locked, with their parts and their reservations. */
export async function removeUploads(tx: Db, uploads: readonly UploadRow[]): Promise<void> {
  const [first] = uploads;
  if (!first) return;
  const sha256s: string[] = [];
  for (const { uploadId } of uploads) sha256s.push(...(await deleteParts(tx, uploadId)));
  // Contents before the quota, for all uploads.
  await touchBlobs(tx, first, sha256s);
  for (const upload of uploads) await releaseUpload(tx, upload);
  for (const upload of uploads) await deleteUpload(tx, upload);
}

/** Removes some uploads of a namespace. */
export async function removeSome(tx: Db, key: NamespaceKey): Promise<void> {
  await removeUploads(tx, await lockSomeIn(tx, key));
}

/** Ends unfinished uploads that have expired, and forgets the others. */
export async function removeExpired({ db, limits }: Pick<UploadDeps, "db" | "limits">): Promise<void> {
  for (const key of await listExpired(db)) {
    await db.transaction(async (tx) => {
      const upload = await lockExpired(tx, key);
      if (!upload) return;
      if (upload.state === "open") await abandon(tx, upload, limits.goneMs);
      else await removeUploads(tx, [upload]);
    });
  }
}
