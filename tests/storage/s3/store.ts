import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type {
  Content,
  IsSound,
  ObjectHead,
  ObjectStore,
  ObjectUpload,
  OpenObject,
} from "../../../services/storage/objects/object-store.ts";

/**
 * An object store with neither paths nor links: objects in `sha256/<hash>`, finished uploads in `tmp/<id>`, objects that
 * are being deleted in `aside/<hash>.<id>`. Signatures and multipart uploads, which a real bucket needs, are left out.
 */
export async function openS3Store(url: string): Promise<ObjectStore> {
  const agent = new Agent({ keepAlive: true });
  const bucket = { url, agent };
  for (const name of await keysOf(bucket, "aside/")) await restore(bucket, name);
  return {
    put: ({ sha256 }, bytes, isSound) =>
      unlessSound(bucket, sha256, isSound, async (condition) => {
        const { status, headers } = await send(bucket, "PUT", keyOf(sha256), condition, bytes);
        if (status !== 200) throw new Error(`the bucket refuses a PUT with ${status}`);
        return String(headers.etag);
      }),
    startUpload: async (uploadId) => startUpload(bucket, uploadId),
    head: (sha256) => headOf(bucket, sha256),
    get: (sha256) => openObject(bucket, sha256),
    delete: (sha256, isUsed) => deleteObject(bucket, sha256, isUsed),
    async *list() {
      for await (const page of pagesOf(bucket, "sha256/")) yield page;
    },
    listUploads: () => keysOf(bucket, "tmp/"),
    deleteUpload: (uploadId) => remove(bucket, `tmp/${uploadId}`),
    async deleteRemains() {},
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

type Bucket = { readonly url: string; readonly agent: Agent };
type Reply = { readonly status: number; readonly headers: IncomingMessage["headers"]; readonly body: Buffer };

const keyOf = (sha256: string): string => `sha256/${sha256}`;

function open(
  { url, agent }: Bucket,
  method: string,
  key: string,
  headers: Record<string, string>,
): ClientRequest {
  return request(`${url}/${key}`, { method, agent, headers });
}

async function send(
  bucket: Bucket,
  method: string,
  key: string,
  headers: Record<string, string> = {},
  body?: Uint8Array,
): Promise<Reply> {
  const outgoing = open(bucket, method, key, headers);
  outgoing.end(body);
  return replyOf(outgoing);
}

async function replyOf(outgoing: ClientRequest): Promise<Reply> {
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const body = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>));
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

const remove = async (bucket: Bucket, key: string): Promise<void> => void (await send(bucket, "DELETE", key));

/** Copies within the bucket. Returns the ETag; undefined if there is nothing to copy, or a condition fails. */
async function copy(
  bucket: Bucket,
  from: string,
  to: string,
  condition: Record<string, string> = {},
): Promise<string | undefined> {
  const { status, headers } = await send(bucket, "PUT", to, {
    ...condition,
    "x-amz-copy-source": `/${from}`,
  });
  return status === 200 ? String(headers.etag) : undefined;
}

async function headOf(bucket: Bucket, sha256: string): Promise<ObjectHead | undefined> {
  const { status, headers } = await send(bucket, "HEAD", keyOf(sha256));
  if (status !== 200) return undefined;
  return { sizeBytes: Number(headers["content-length"]), fingerprint: String(headers.etag) };
}

/** Writes an object unless there is a sound one, which another process may also have written a moment ago. */
async function unlessSound(
  bucket: Bucket,
  sha256: string,
  isSound: IsSound,
  write: (condition: Record<string, string>) => Promise<string>,
): Promise<string> {
  const existing = await headOf(bucket, sha256);
  if (existing && isSound(existing)) return existing.fingerprint;
  return write(existing ? {} : { "if-none-match": "*" });
}

function startUpload(bucket: Bucket, uploadId: string): ObjectUpload {
  const key = `tmp/${uploadId}`;
  const outgoing = open(bucket, "PUT", key, { "transfer-encoding": "chunked" });
  const reply = replyOf(outgoing);
  // An upload that is given up fails, too.
  reply.catch(() => {});
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let sha256 = "";
  return {
    async write(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (!outgoing.write(chunk)) await Promise.race([once(outgoing, "drain"), reply]);
    },
    async finish(): Promise<Content> {
      outgoing.end();
      const { status } = await reply;
      if (status !== 200) throw new Error(`the bucket refuses an upload with ${status}`);
      sha256 = hash.digest("hex");
      return { sha256, sizeBytes };
    },
    publish: (isSound) =>
      unlessSound(bucket, sha256, isSound, async (condition) => {
        const etag = await copy(bucket, key, keyOf(sha256), condition);
        if (etag === undefined) throw new Error("the bucket refuses to copy an upload");
        await remove(bucket, key);
        return etag;
      }),
    async [Symbol.asyncDispose]() {
      outgoing.destroy();
      await remove(bucket, key);
    },
  };
}

async function openObject(bucket: Bucket, sha256: string): Promise<OpenObject | undefined> {
  const head = await headOf(bucket, sha256);
  if (!head) return undefined;
  return {
    ...head,
    async *read({ start, end }) {
      if (start >= end) return;
      const headers = { range: `bytes=${start}-${end - 1}`, "if-match": head.fingerprint };
      const outgoing = open(bucket, "GET", keyOf(sha256), headers);
      outgoing.end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      try {
        // Behind its end, or with another ETag, the object has no bytes for this reader.
        if (response.statusCode === 206) yield* response as AsyncIterable<Uint8Array>;
      } finally {
        response.destroy();
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Hides the object before `isUsed` is asked, as the local disk does. */
async function deleteObject(bucket: Bucket, sha256: string, isUsed: () => Promise<boolean>): Promise<void> {
  const name = `${sha256}.${randomUUID()}`;
  if ((await copy(bucket, keyOf(sha256), `aside/${name}`)) === undefined) return;
  await remove(bucket, keyOf(sha256));
  let used = true;
  try {
    used = await isUsed();
  } finally {
    if (used) await restore(bucket, name);
    else await remove(bucket, `aside/${name}`);
  }
}

async function restore(bucket: Bucket, name: string): Promise<void> {
  await copy(bucket, `aside/${name}`, keyOf(name.slice(0, name.indexOf("."))), { "if-none-match": "*" });
  await remove(bucket, `aside/${name}`);
}

const keysOf = async (bucket: Bucket, prefix: string): Promise<string[]> =>
  (await Array.fromAsync(pagesOf(bucket, prefix))).flat();

/** Keys below a prefix, without it. */
async function* pagesOf(bucket: Bucket, prefix: string): AsyncGenerator<string[]> {
  let token: string | undefined;
  do {
    const query = new URLSearchParams({
      "list-type": "2",
      prefix,
      ...(token && { "continuation-token": token }),
    });
    const { body } = await send(bucket, "GET", `?${query}`);
    const text = body.toString();
    yield [...text.matchAll(/<Key>(.+?)<\/Key>/g)].map(([, key = ""]) => key.slice(prefix.length));
    token = /<NextContinuationToken>(.+?)</.exec(text)?.[1];
  } while (token !== undefined);
}
