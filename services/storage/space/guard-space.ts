import { isFileError } from "../objects/disk/file-system.ts";
import type { ObjectStore, ObjectUpload } from "../objects/object-store.ts";
import type { DiskSpace } from "./disk-space.ts";

/** A store on a disk that refuses new objects while the disk is full. Reads and deletions go on. */
export function guardSpace(store: ObjectStore, space: DiskSpace): ObjectStore {
  const watched = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      if (takesNothing(error)) space.reportFailure();
      throw error;
    });
  return {
    ...store,
    async put(key, bytes, isSound) {
      await space.refuseFull(bytes.length);
      return watched(store.put(key, bytes, isSound));
    },
    async startUpload(start) {
      await space.refuseFull(start.expectedBytes);
      return guardUpload(await watched(store.startUpload(start)), space, watched);
    },
  };
}

function guardUpload(
  upload: ObjectUpload,
  space: DiskSpace,
  watched: <T>(work: Promise<T>) => Promise<T>,
): ObjectUpload {
  return {
    ...upload,
    async write(chunk) {
      await space.refuseFull();
      return watched(upload.write(chunk));
    },
    finish: (sha256) => watched(upload.finish(sha256)),
    // Also while the disk is full: the bytes are on it already.
    publish: (isSound) => watched(upload.publish(isSound)),
  };
}

/** Whether the disk, and not a limit of the process, has refused a write. */
const takesNothing = (error: unknown): boolean =>
  isFileError((error as Error | undefined)?.cause, "ENOSPC", "EDQUOT", "EROFS");
