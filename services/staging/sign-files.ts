import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { StagingDeps } from "./deps.ts";

/** Lifetime of the signed URLs of chunks and manifests. The contract states it. */
const urlLifetime = durationFromMs(60 * 60_000);

/** A signed URL for each file, in their jobRun. */
export async function signFiles(blobs: StagingDeps["blobs"], fileIds: string[]): Promise<string[]> {
  if (fileIds.length === 0) return [];
  const { urls } = await blobs.signBlobs({ fileIds, lifetime: urlLifetime });
  return urls;
}
