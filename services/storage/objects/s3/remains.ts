import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import type { ObjectStore } from "../object-store.ts";
import { type Bucket, deleteObject, headOf, listPaths } from "./bucket.ts";
import { markerPath, segmentPath, uploadsPath } from "./paths.ts";
import { answered, hasStatus, unlessMissing } from "./s3-errors.ts";

/** What dead processes have left in a bucket. */
export function createRemains(
  bucket: Bucket,
): Pick<ObjectStore, "listUploads" | "deleteUpload" | "deleteRemains"> {
  let searchedMs = Number.NEGATIVE_INFINITY;
  return {
    async listUploads() {
      const ids = new Set<string>();
      const folder = uploadsPath(bucket);
      for await (const paths of listPaths(bucket, folder))
        for (const path of paths) ids.add(path.slice(folder.length).split(".")[0] ?? "");
      return [...ids];
    },
    async deleteUpload(uploadId) {
      const marker = markerPath(bucket, uploadId);
      const paths = (await Array.fromAsync(listPaths(bucket, marker))).flat();
      const segmentCount = paths.filter((path) => path !== marker).length;
      // The marker goes last: it is how a part of this is found again.
      for await (const { path, id } of listMultiparts(bucket, segmentPath(bucket, uploadId, segmentCount)))
        await abort(bucket, path, id);
      for (const path of paths.filter((each) => each !== marker)) await deleteObject(bucket, path);
      if (paths.includes(marker)) await deleteObject(bucket, marker);
    },
    /** Copies in parts, and parts of an upload that was begun twice, since its first response was lost. */
    async deleteRemains(olderThanMs) {
      if (performance.now() - searchedMs < bucket.limits.remainsMs) return;
      searchedMs = performance.now();
      const deadMs = Math.max(olderThanMs, bucket.limits.orphanMs);
      for await (const { path, id, startTime } of listMultiparts(bucket, bucket.prefix)) {
        if (Date.now() - startTime.getTime() < deadMs || (await isMarked(bucket, path))) continue;
        await abort(bucket, path, id);
      }
    },
  };
}

type Multipart = { readonly path: string; readonly id: string; readonly startTime: Date };

/** Uploads in parts that are not completed. A server that does not list them has to end them itself. */
async function* listMultiparts({ client, name }: Bucket, begin: string): AsyncGenerator<Multipart, void> {
  let after: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (after) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: name,
      Prefix: begin,
      ...after,
    });
    const page = await answered(client.send(command)).catch((error) => {
      if (hasStatus(error, 405, 501)) return undefined;
      throw error;
    });
    for (const { Key: path, UploadId: id, Initiated: startTime } of page?.Uploads ?? [])
      if (path && id) yield { path, id, startTime: startTime ?? new Date() };
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page ?? {};
    after =
      IsTruncated && NextKeyMarker
        ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) }
        : undefined;
  }
}

/** Whether a path belongs to an upload that is listed, and ends with it. */
async function isMarked(bucket: Bucket, path: string): Promise<boolean> {
  const folder = uploadsPath(bucket);
  if (!path.startsWith(folder)) return false;
  const [uploadId = ""] = path.slice(folder.length).split(".");
  return (await headOf(bucket, markerPath(bucket, uploadId))) !== undefined;
}

async function abort({ client, name }: Bucket, path: string, id: string): Promise<void> {
  await unlessMissing(
    client.send(new AbortMultipartUploadCommand({ Bucket: name, Key: path, UploadId: id })),
  );
}
