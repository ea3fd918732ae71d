import { createHash } from "node:crypto";
import type { IsSound, ObjectKey, ObjectStore, ObjectUpload, UploadStart } from "../object-store.ts";
import type { OrgKey } from "./org-keys.ts";
import { createSealer } from "./seal-content.ts";
import { encodeTrailer, sealedObjectBytes } from "./trailer.ts";

type Sealing = {
  readonly orgKey: OrgKey;
  /** Whether the stored bytes may stay, for the store that has them. */
  readonly soundOf: (key: ObjectKey, isSound: IsSound) => Promise<IsSound>;
};

/** Starts an upload whose content is sealed while it arrives. */
export async function startSealedUpload(
  store: ObjectStore,
  { orgId, uploadId, expectedBytes }: UploadStart,
  { orgKey, soundOf }: Sealing,
): Promise<ObjectUpload> {
  const upload = await store.startUpload({
    orgId,
    uploadId,
    expectedBytes: expectedBytes && sealedObjectBytes(expectedBytes),
    isSealed: true,
  });
  const hash = createHash("sha256");
  const sealer = createSealer();
  let key: ObjectKey = { orgId, sha256: "" };
  let sizeBytes = 0;
  let hasFailed = false;
  /** After a failure, segments are missing that the sealer has counted. */
  const writeSegments = async (segments: Iterable<Buffer | Uint8Array>) => {
    if (hasFailed) throw new Error("a write of this upload has failed before");
    hasFailed = true;
    for (const segment of segments) await upload.write(segment);
    hasFailed = false;
  };
  return {
    async write(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await writeSegments(sealer.add(chunk));
    },
    async finish() {
      await writeSegments(sealer.end());
      key = { orgId, sha256: hash.digest("hex") };
      await upload.write(encodeTrailer(key, { dataKey: sealer.dataKey, sizeBytes }, orgKey));
      await upload.finish(key.sha256);
      return { sha256: key.sha256, sizeBytes };
    },
    publish: async (isSound) => upload.publish(await soundOf(key, isSound)),
    [Symbol.asyncDispose]: upload[Symbol.asyncDispose],
  };
}
