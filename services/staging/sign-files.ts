import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { StagingDeps } from "./deps.ts";

/** How long a signed URL of a chunk or a manifest can be used. Stands in the contract. */
const urlLifetime = durationFromMs(60 * 60_000);

/** A signed URL for each file, in their jobRun. */
export async function signFiles(blobs: StagingDeps["blobs"], fileIds: string[]): Promise<string[]> {
  if (fileIds.length === 0) return [];
  const { urls } = await blobs.signBlobs({ fileIds, lifetime: urlLifetime });
  return urls;
}
