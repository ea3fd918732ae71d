import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type Bucket, deleteObject, etagOf, headOf, putObject } from "./bucket.ts";
import type { Source } from "./copy-object.ts";
import { markerPath, segmentPath } from "./paths.ts";
import { answered, unlessMissing } from "./s3-errors.ts";

/** Bytes of unknown number on their way into the bucket. Disposing it deletes what was sent. */
export type SegmentWriter = AsyncDisposable & {
  /** The chunk is copied. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves once all bytes are stored, in objects to be joined in their order. */
  finish(): Promise<readonly Source[]>;
};

type Multipart = {
  readonly target: { Bucket: string; Key: string; UploadId: string | undefined };
  readonly parts: { PartNumber: number; ETag: string }[];
  sizeBytes: number;
};

/**
 * Writes objects of at most `segmentBytes` in parts. Two parts are in memory at most: one is filled while the other is
 * sent. Parts have the same size, which some servers ask for.
 */
export function writeSegments(bucket: Bucket, uploadId: string): SegmentWriter {
  const { partBytes, segmentBytes } = bucket.limits;
  const segments: Source[] = [];
  let multipart: Multipart | undefined;
  let isMarked = false;
  let part: Buffer | undefined;
  let filledBytes = 0;
  let sending: Promise<void> = Promise.resolve();

  const nextPath = () => segmentPath(bucket, uploadId, segments.length);
  const sendPart = async (bytes: Buffer) => {
    if (!isMarked) await putObject(bucket, markerPath(bucket, uploadId), Buffer.alloc(0));
    isMarked = true;
    multipart ??= await createMultipart(bucket, nextPath());
    await uploadPart(bucket, multipart, bytes);
    if (multipart.sizeBytes >= segmentBytes) await endSegment(multipart);
  };
  const endSegment = async (whole: Multipart) => {
    segments.push(await complete(bucket, whole));
    multipart = undefined;
  };
  const flush = async () => {
    await sending;
    sending = sendPart((part ?? Buffer.alloc(0)).subarray(0, filledBytes));
    // The next await reports the failure.
    sending.catch(() => {});
    part = undefined;
    filledBytes = 0;
  };

  return {
    async write(chunk) {
      for (let rest = chunk; rest.length > 0; ) {
        part ??= Buffer.allocUnsafeSlow(partBytes);
        const taken = rest.subarray(0, partBytes - filledBytes);
        part.set(taken, filledBytes);
        filledBytes += taken.length;
        rest = rest.subarray(taken.length);
        if (filledBytes === partBytes) await flush();
      }
    },
    async finish() {
      await sending;
      if (multipart) {
        if (filledBytes > 0) await flush();
        await sending;
        if (multipart) await endSegment(multipart);
      } else if (filledBytes > 0 || segments.length === 0) {
        const bytes = (part ?? Buffer.alloc(0)).subarray(0, filledBytes);
        const path = nextPath();
        segments.push({ path, sizeBytes: filledBytes, etag: await putObject(bucket, path, bytes) });
      }
      part = undefined;
      return segments;
    },
    async [Symbol.asyncDispose]() {
      await sending.catch(() => {});
      const paths = Array.from({ length: segments.length + 1 }, (_, index) =>
        segmentPath(bucket, uploadId, index),
      );
      const deletions = [...paths, ...(isMarked ? [markerPath(bucket, uploadId)] : [])];
      // What cannot be deleted now is found by its path.
      if (multipart) await abort(bucket, multipart.target).catch(() => {});
      await Promise.allSettled(deletions.map((path) => deleteObject(bucket, path)));
    },
  };
}

async function createMultipart({ client, name }: Bucket, path: string): Promise<Multipart> {
  const target = { Bucket: name, Key: path };
  const { UploadId } = await answered(client.send(new CreateMultipartUploadCommand(target)));
  return { target: { ...target, UploadId }, parts: [], sizeBytes: 0 };
}

async function uploadPart({ client, limits }: Bucket, multipart: Multipart, bytes: Buffer): Promise<void> {
  const PartNumber = multipart.parts.length + 1;
  const command = new UploadPartCommand({ ...multipart.target, PartNumber, Body: bytes });
  const sent = await answered(client.send(command, { requestTimeout: limits.transferMs }));
  multipart.parts.push({ PartNumber, ETag: etagOf(sent) });
  multipart.sizeBytes += bytes.length;
}

/** The first attempt may have succeeded without its response: then the upload is gone, and the object is there. */
async function complete(bucket: Bucket, { target, parts, sizeBytes }: Multipart): Promise<Source> {
  const { client, limits } = bucket;
  const command = new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: parts } });
  const request = client.send(command, { requestTimeout: limits.transferMs });
  const completed = await unlessMissing(request);
  const etag = completed ? etagOf(completed) : (await headOf(bucket, target.Key))?.fingerprint;
  if (!etag) throw new Error("the upload was deleted");
  return { path: target.Key, sizeBytes, etag };
}

async function abort({ client }: Bucket, target: Multipart["target"]): Promise<void> {
  await answered(client.send(new AbortMultipartUploadCommand(target)));
}
