import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Credentials } from "../../../services/storage/objects/s3/s3-location.ts";
import { endProcess } from "../../lib/end-process.ts";
import { freePort } from "../../lib/free-port.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";

/** Where `.ci/install-s3-server` builds it. */
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
const binary = process.env.S3_SERVER ?? join(cache, "sluice", "versitygw-1.8.0", "versitygw");

/** Tests that need the server are skipped without it, but fail in `npm run test:s3`. */
export const hasS3 = existsSync(binary) || process.env.S3_REQUIRED === "true";

/** Suffix of a title that says why the test is skipped. */
export const s3Missing = hasS3
  ? ""
  : ": skipped, since .ci/install-s3-server has not installed the S3 server";

/** A server that speaks S3 and stores what it gets on disk, in a process of its own. */
export type S3Server = AsyncDisposable & {
  readonly url: string;
  readonly credentials: S3Credentials;
  /** A client of the tests, not of the service. */
  readonly client: S3Client;
  /** Creates a bucket and returns its name. */
  createBucket(): Promise<string>;
  /** Kills the server. What it has stored stays. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
};

type S3Settings = { readonly STORAGE_S3_URL: string; readonly STORAGE_S3_CREDENTIALS: string };

export async function startS3Server(): Promise<S3Server> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: "tests", secretAccessKey: randomUUID() };
  let child = await spawnServer(folder.path, port, credentials);
  stack.defer(() => endProcess(child));
  const client = new S3Client({ endpoint: url, region: "us-east-1", credentials, forcePathStyle: true });
  stack.defer(() => client.destroy());
  const owned = stack.move();
  return {
    url,
    credentials,
    client,
    async createBucket() {
      const Bucket = `b-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    kill: () => endProcess(child),
    async start() {
      child = await spawnServer(folder.path, port, credentials);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Settings of storage, and of `npm start`, for a new bucket of the server. */
export async function bucketSettings({ url, credentials, createBucket }: S3Server): Promise<S3Settings> {
  return {
    STORAGE_S3_URL: `${url}/${await createBucket()}/sluice`,
    STORAGE_S3_CREDENTIALS: `${credentials.accessKeyId}:${credentials.secretAccessKey}`,
  };
}

async function spawnServer(
  folder: string,
  port: number,
  { accessKeyId, secretAccessKey }: S3Credentials,
): Promise<ChildProcess> {
  const listen = ["--port", `127.0.0.1:${port}`, "--keep-alive", "--quiet"];
  // It keeps metadata in extended attributes. In files beside the objects, they would appear later than the object.
  const child = spawn(binary, [...listen, "posix", folder], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the S3 server ended before it was ready")));
  });
  failed.catch(() => {});
  await Promise.race([answers(`http://127.0.0.1:${port}`), failed]);
  return child;
}

/** Resolves once the server answers anything. */
async function answers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => undefined))) await pause(20);
}
