import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { ObjectHead } from "../object-store.ts";
import { answered, hasStatus, unlessMissing } from "./s3-errors.ts";
import type { S3Limits } from "./s3-limits.ts";
import type { S3Credentials, S3Location } from "./s3-location.ts";

/** A bucket of S3. Paths are keys of it. */
export type Bucket = Disposable & {
  readonly client: S3Client;
  readonly name: string;
  readonly prefix: string;
  readonly limits: S3Limits;
};

/** Condition on the object that a write replaces. */
export type WriteCondition = { readonly IfMatch?: string; readonly IfNoneMatch?: "*" };

/** Every reader of a slow client holds one. */
const connectionsMax = 1024;

/** Opens a bucket. Every setting that the client would look for in the environment is given. */
export function openBucket(
  { endpoint, bucket, prefix, region }: S3Location,
  credentials: S3Credentials,
  limits: S3Limits,
): Bucket {
  const agent = { keepAlive: true, maxSockets: connectionsMax };
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    retryMode: "standard",
    maxAttempts: limits.attemptsMax,
    requestHandler: {
      connectionTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // The content's SHA-256 is verified anyway.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestChecksumCalculation: "WHEN_SUPPORTED",
    // It would open a connection for each part.
    expectContinueHeader: false,
    defaultsMode: "standard",
    authSchemePreference: [],
    sigv4aSigningRegionSet: [],
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    disableS3ExpressSessionAuth: true,
    disableMultiregionAccessPoints: true,
  });
  return { client, name: bucket, prefix, limits, [Symbol.dispose]: () => client.destroy() };
}

/** Throws an error that names the setting to correct unless the bucket can be used. */
export async function checkBucket({ client, name }: Bucket): Promise<void> {
  try {
    await answered(client.send(new HeadBucketCommand({ Bucket: name })));
  } catch (error) {
    if (hasStatus(error, 404)) throw new Error(`STORAGE_S3_URL: there is no bucket ${name}`);
    if (hasStatus(error, 400, 401, 403))
      throw new Error(`storage_s3_credentials: the bucket ${name} refuses them`);
    if (hasStatus(error, 301, 307))
      throw new Error(`STORAGE_S3_URL: the bucket ${name} is in another region`);
    throw error;
  }
}

export async function headOf({ client, name }: Bucket, path: string): Promise<ObjectHead | undefined> {
  const head = await unlessMissing(client.send(new HeadObjectCommand({ Bucket: name, Key: path })));
  return head && { sizeBytes: head.ContentLength ?? 0, fingerprint: etagOf(head) };
}

export async function putObject(
  { client, name, limits }: Bucket,
  path: string,
  bytes: Uint8Array,
  condition: WriteCondition = {},
): Promise<string> {
  const command = new PutObjectCommand({ Bucket: name, Key: path, Body: bytes, ...condition });
  return etagOf(await answered(client.send(command, { requestTimeout: limits.transferMs })));
}

/** Starts a response with a range of an object in this state. */
export async function getRange(
  { client, name }: Bucket,
  path: string,
  { etag, start, end }: { etag: string; start: number; end: number },
) {
  const range = `bytes=${start}-${end - 1}`;
  const command = new GetObjectCommand({ Bucket: name, Key: path, Range: range, IfMatch: etag });
  return answered(client.send(command));
}

export async function deleteObject({ client, name }: Bucket, path: string): Promise<void> {
  await unlessMissing(client.send(new DeleteObjectCommand({ Bucket: name, Key: path })));
}

/** Paths that begin with a text, in batches. */
export async function* listPaths(
  { client, name, limits }: Bucket,
  begin: string,
): AsyncGenerator<string[], void> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: name,
      Prefix: begin,
      MaxKeys: limits.pageMax,
      ContinuationToken: token,
    });
    const page = await answered(client.send(command));
    yield (page.Contents ?? []).map(({ Key = "" }) => Key);
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** The ETag of a response. */
export function etagOf({ ETag }: { ETag?: string | undefined }): string {
  if (!ETag) throw new Error("the bucket answers without an ETag");
  return ETag;
}
