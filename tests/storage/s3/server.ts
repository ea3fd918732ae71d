import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A bucket behind a real port that speaks the part of S3's API that an object store needs. */
export type S3Server = AsyncDisposable & {
  readonly url: string;
  /** Bytes by key. */
  readonly objects: Map<string, Buffer>;
  /** Requests so far, as `PUT sha256/ab`. */
  readonly requests: string[];
};

/** Small, so that every listing has several pages. */
const keysPerPage = 2;

type Exchange = { readonly request: IncomingMessage; readonly key: string; readonly query: URLSearchParams };
type Reply = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
};

const etagOf = (bytes: Buffer): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

const failure = (status: number, code: string): Reply => ({
  status,
  body: `<Error><Code>${code}</Code></Error>`,
});

export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];

  async function put({ request, key }: Exchange): Promise<Reply> {
    const source = request.headers["x-amz-copy-source"];
    const bytes = source === undefined ? await bodyOf(request) : objects.get(String(source).slice(1));
    if (!bytes) return failure(404, "NoSuchKey");
    if (request.headers["if-none-match"] === "*" && objects.has(key))
      return failure(412, "PreconditionFailed");
    objects.set(key, bytes);
    return { status: 200, headers: { etag: etagOf(bytes) } };
  }

  function get({ request, key }: Exchange): Reply {
    const bytes = objects.get(key);
    if (!bytes) return failure(404, "NoSuchKey");
    const etag = etagOf(bytes);
    const { range, "if-match": ifMatch } = request.headers;
    if (ifMatch !== undefined && ifMatch !== etag) return failure(412, "PreconditionFailed");
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    if (first === undefined) return { status: 200, headers: { etag }, body: bytes };
    if (Number(first) >= bytes.length) return failure(416, "InvalidRange");
    return { status: 206, headers: { etag }, body: bytes.subarray(Number(first), Number(last) + 1) };
  }

  /** ListObjectsV2: keys in order, the next page by a token. */
  function list({ query }: Exchange): Reply {
    const after = query.get("continuation-token") ?? "";
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after)
      .sort();
    const page = keys.slice(0, keysPerPage);
    const isTruncated = keys.length > page.length;
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
    const token = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    return {
      status: 200,
      body: `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${contents}${token}</ListBucketResult>`,
    };
  }

  function remove({ key }: Exchange): Reply {
    objects.delete(key);
    return { status: 204 };
  }

  const methods: Readonly<Record<string, (exchange: Exchange) => Reply | Promise<Reply>>> = {
    PUT: put,
    GET: (exchange) => (exchange.query.get("list-type") === "2" ? list(exchange) : get(exchange)),
    HEAD: get,
    DELETE: remove,
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://bucket");
    const exchange = { request, key: decodeURIComponent(pathname.slice(1)), query: searchParams };
    requests.push(`${request.method} ${exchange.key}`);
    const handle = methods[request.method ?? ""] ?? (() => failure(405, "MethodNotAllowed"));
    // An upload that is cut off stores nothing.
    Promise.resolve(handle(exchange)).then(
      (reply) => send(request, response, reply),
      () => request.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, headers, body = "" }: Reply,
): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(method === "HEAD" ? undefined : body);
}
