import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { type Bucket, etagOf, type WriteCondition } from "./bucket.ts";
import { answered } from "./s3-errors.ts";

/** An object of the bucket in one state. */
export type Source = { readonly path: string; readonly sizeBytes: number; readonly etag: string };

/** Copies objects within the bucket into one, in their order. Returns its ETag. It appears as a whole or not at all. */
export async function copyObject(
  bucket: Bucket,
  sources: readonly Source[],
  to: string,
  condition: WriteCondition = {},
): Promise<string> {
  const [first] = sources;
  if (!first) throw new Error("nothing to copy");
  if (sources.length > 1 || first.sizeBytes > bucket.limits.copyBytes)
    return copyInParts(bucket, sources, to, condition);
  const { client, name, limits } = bucket;
  const command = new CopyObjectCommand({ Bucket: name, Key: to, ...sourceOf(bucket, first), ...condition });
  const copied = await answered(client.send(command, { requestTimeout: limits.transferMs }));
  return etagOf(copied.CopyObjectResult ?? {});
}

const sourceOf = ({ name }: Bucket, { path, etag }: Source) => ({
  CopySource: encodeURIComponent(`${name}/${path}`).replaceAll("%2F", "/"),
  CopySourceIfMatch: etag,
});

async function copyInParts(
  bucket: Bucket,
  sources: readonly Source[],
  to: string,
  condition: WriteCondition,
): Promise<string> {
  const { client, name } = bucket;
  const target = { Bucket: name, Key: to };
  const { UploadId } = await answered(client.send(new CreateMultipartUploadCommand(target)));
  const upload = { ...target, UploadId };
  try {
    const Parts = await copyParts(bucket, sources, upload);
    const command = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts },
      ...condition,
    });
    return etagOf(await answered(client.send(command, { requestTimeout: bucket.limits.transferMs })));
  } catch (error) {
    // What this leaves is found by its age.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

type Target = { Bucket: string; Key: string; UploadId: string | undefined };

async function copyParts(bucket: Bucket, sources: readonly Source[], upload: Target) {
  const { client, limits } = bucket;
  const ranges = sources.flatMap((source) => rangesOf(source, limits.copyBytes));
  const parts = [];
  for (let start = 0; start < ranges.length; start += limits.copiesAtOnce) {
    const copies = ranges.slice(start, start + limits.copiesAtOnce).map(async ({ source, range }, index) => {
      const PartNumber = start + index + 1;
      const from = { ...sourceOf(bucket, source), CopySourceRange: range };
      const command = new UploadPartCopyCommand({ ...upload, ...from, PartNumber });
      const copied = await answered(client.send(command, { requestTimeout: limits.transferMs }));
      return { PartNumber, ETag: etagOf(copied.CopyPartResult ?? {}) };
    });
    parts.push(...(await Promise.all(copies)));
  }
  return parts;
}

function rangesOf(source: Source, copyBytes: number): { source: Source; range: string }[] {
  const count = Math.ceil(source.sizeBytes / copyBytes);
  return Array.from({ length: count }, (_, index) => {
    const last = Math.min((index + 1) * copyBytes, source.sizeBytes) - 1;
    return { source, range: `bytes=${index * copyBytes}-${last}` };
  });
}
