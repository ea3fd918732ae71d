import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request gets instead of the server's response. */
type Fault =
  /** A status and no content; the server sees nothing of the request. */
  | { readonly status: number }
  /** Nothing, ever; the server sees nothing of the request. */
  | "hang"
  /** Nothing: the connection breaks after the server has done what was asked. */
  | "lost"
  /** The first half of the content, then the connection breaks. */
  | "broken"
  /** The first half of the content, then nothing. */
  | "stalled"
  /** The first half of the content, as if it were all. */
  | "short"
  /** As many bytes as expected, one of them another. */
  | "flipped";

type Rule = { readonly method: string; readonly path: RegExp; readonly fault: Fault; times: number };

/** A proxy in front of an S3 server that spoils responses as rules say. */
export type FaultyProxy = AsyncDisposable & {
  readonly url: string;
  /** Spoils the next matching requests, all of them by default. `path` is that of the request with its query. */
  spoil(method: string, path: RegExp, fault: Fault, times?: number): void;
  /** Forgets all rules. */
  heal(): void;
  /** Requests that were spoilt. */
  readonly spoilt: string[];
};

export async function startFaultyProxy(serverUrl: string): Promise<FaultyProxy> {
  const rules: Rule[] = [];
  const spoilt: string[] = [];
  const faultOf = ({ method = "", url = "" }: IncomingMessage): Fault | undefined => {
    const rule = rules.find((each) => each.times > 0 && each.method === method && each.path.test(url));
    if (!rule) return undefined;
    rule.times -= 1;
    spoilt.push(`${method} ${url}`);
    return rule.fault;
  };
  const server = createServer((incoming, outgoing) => {
    const fault = faultOf(incoming);
    if (fault === "hang") return void incoming.resume();
    if (typeof fault === "object") {
      incoming.resume();
      incoming.once("end", () => outgoing.writeHead(fault.status).end());
      return undefined;
    }
    forward(serverUrl, incoming, outgoing, fault).catch(() => outgoing.destroy());
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil: (method, path, fault, times = Number.POSITIVE_INFINITY) =>
      void rules.push({ method, path, fault, times }),
    heal: () => void rules.splice(0),
    spoilt,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function forward(
  serverUrl: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const { method, url, headers } = incoming;
  const upstream = request(`${serverUrl}${url}`, { method, headers });
  incoming.pipe(upstream);
  const [response] = (await once(upstream, "response")) as [IncomingMessage];
  const { statusCode = 500 } = response;
  if (fault === undefined) {
    outgoing.writeHead(statusCode, response.headers);
    response.pipe(outgoing);
    return;
  }
  const bytes = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>));
  if (fault === "lost") return void outgoing.destroy();
  if (fault === "flipped") {
    bytes.writeUInt8((bytes.at(0) ?? 0) ^ 1, 0);
    return void outgoing.writeHead(statusCode, response.headers).end(bytes);
  }
  const half = bytes.subarray(0, bytes.length / 2);
  if (fault === "short") {
    outgoing.writeHead(statusCode, { ...response.headers, "content-length": half.length }).end(half);
    return;
  }
  outgoing.writeHead(statusCode, response.headers).write(half, () => {
    if (fault === "broken") outgoing.destroy();
  });
}
