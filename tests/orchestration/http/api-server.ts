import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request, as a test looks at it. */
export type SeenRequest = {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
};

type Respond = (request: SeenRequest, response: ServerResponse) => unknown;

/** An HTTP server on this machine whose answers the test decides. */
export type ApiServer = AsyncDisposable & {
  readonly port: number;
  /** Requests so far. */
  readonly requests: SeenRequest[];
  respond: Respond;
};

/** Sends a value as JSON, or with text as it is. */
export function send(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}

export async function startApiServer(respond: Respond): Promise<ApiServer> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const seen = { path: pathname, query: Object.fromEntries(searchParams), headers: request.headers };
    api.requests.push(seen);
    api.respond(seen, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const api: ApiServer = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    respond,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}
