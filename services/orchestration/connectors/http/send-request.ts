import { type Agent, type IncomingMessage, request } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { sourceDataInvalid } from "../../errors.ts";

/** Longest silence of a server, before its response and within it, in milliseconds. */
const silenceMs = 60_000;
const headerBytesMax = 64 * 1024;

/** A response whose body has not been read. */
export type HttpResponse = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** The body without its content coding. It fails if the connection ends early. */
  readonly body: Readable;
  /** Whether the end of the body can be told from a broken connection. */
  readonly hasLength: boolean;
};

export type Target = {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: Method;
  /** Undefined for a request without a body. */
  readonly body?: string | undefined;
};

type Method = "GET" | "POST" | "DELETE";

/** Sends a request. Rejects with the errors of the connection. */
export async function sendRequest(agent: Agent, target: Target, signal: AbortSignal): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({
    agent,
    method: target.method,
    path: target.path,
    headers: {
      ...target.headers,
      host: new URL(target.origin).host,
      "accept-encoding": "gzip, deflate, br, identity;q=0.5",
    },
    setHost: false,
    maxHeaderSize: headerBytesMax,
    signal,
  });
  sent.setTimeout(silenceMs, () => sent.destroy(new SilentServerError()));
  sent.once("response", resolve);
  sent.once("upgrade", (_response, socket) => {
    socket.destroy();
    reject(new Error("the server switches to another protocol"));
  });
  // It has no effect after a response.
  sent.once("close", () => reject(new Error("the connection ended without a response")));
  // After the response, errors of the connection reach the body.
  sent.on("error", reject);
  sent.end(target.body);
  const response = await promise;
  const { headers, statusCode = 0 } = response;
  const transfer = headers["transfer-encoding"]?.trim().toLowerCase();
  if (transfer !== undefined && transfer !== "chunked") {
    response.destroy();
    throw sourceDataInvalid("the server sends its response in a transfer encoding other than chunked");
  }
  return {
    status: statusCode,
    headers,
    body: decoded(response),
    hasLength: headers["content-length"] !== undefined || transfer === "chunked",
  };
}

/** The server has said nothing for too long. */
export class SilentServerError extends Error {
  override name = "SilentServerError";
  constructor() {
    super(`the server was silent for ${silenceMs / 1000} s`);
  }
}

const decoders = new Map([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

function decoded(response: IncomingMessage): Readable {
  const coding = response.headers["content-encoding"]?.trim().toLowerCase();
  if (coding === undefined || coding === "" || coding === "identity") return response;
  const decoder = decoders.get(coding);
  if (!decoder) {
    response.destroy();
    throw sourceDataInvalid(
      `the server encodes its response as ${JSON.stringify(coding.slice(0, 50))}, which is not known`,
    );
  }
  // The reader of the last stream gets the errors of all.
  return pipeline(response, decoder(), () => {});
}
