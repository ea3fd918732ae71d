import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { openS3Store } from "../../../services/storage/objects/s3/open-s3-store.ts";
import type { S3Limits } from "../../../services/storage/objects/s3/s3-limits.ts";
import { parseS3Location } from "../../../services/storage/objects/s3/s3-location.ts";
import { mib } from "../fixtures.ts";
import type { StoreUnderTest } from "../object-store-suite.ts";
import type { S3Server } from "./s3-server.ts";

/** Small, so that 12 MiB have several parts, segments and copies, and lists several pages. S3 wants parts of 5 MiB. */
const smallS3Limits = {
  partBytes: 5 * mib,
  segmentBytes: 10 * mib,
  copyBytes: 5 * mib,
  pageMax: 2,
  remainsMs: 0,
} satisfies Partial<S3Limits>;

export type BucketUnderTest = StoreUnderTest & {
  readonly bucket: string;
  /** Opens another store on the bucket, by another address or with other limits. */
  openAt(url: string, limits?: Partial<S3Limits>): ReturnType<typeof openS3Store>;
};

/** A store in a new bucket of the server, below a prefix. */
export async function openBucketUnderTest(server: S3Server): Promise<BucketUnderTest> {
  const bucket = await server.createBucket();
  const openAt = (url: string, limits: Partial<S3Limits> = {}) => {
    const location = parseS3Location(`${url}/${bucket}/below`);
    if (!location) throw new Error("no location");
    return openS3Store({
      location,
      credentials: server.credentials,
      limits: { ...smallS3Limits, ...limits },
    });
  };
  const store = await openAt(server.url);
  return {
    bucket,
    store,
    openAt,
    reopen: () => openAt(server.url),
    async damage({ orgId, sha256 }, bytes) {
      const Key = `below/${orgId}/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
      await server.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytes }));
    },
    async keys() {
      const { Contents = [] } = await server.client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key = "" }) => Key);
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
