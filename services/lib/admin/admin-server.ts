import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../telemetry/log.ts";
import type { AdminSettings } from "../telemetry/settings.ts";
import { createAccess } from "./admin-access.ts";
import { type AdminResponse, errorResponse } from "./admin-response.ts";
import { adminPages } from "./pages.ts";
import { removeStaleSocket } from "./stale-socket.ts";
import { watchWorkers } from "./workers.ts";

const headerBytesMax = 8 * 1024;
const requestMs = 10_000;
const connectionsMax = 32;

export type AdminServer = AsyncDisposable & {
  /** `http://host:port`, or `unix:` and a path. */
  readonly address: string;
};

/** Serves metrics, health and, if the settings enable them, profiles to the operator. */
export async function startAdminServer(
  settings: AdminSettings,
  options: { hasStarted: () => boolean; log: Logger },
): Promise<AdminServer> {
  using cleanup = new DisposableStack();
  const workers = cleanup.use(watchWorkers());
  const pages = adminPages({ ...options, profiling: settings.profiling, workers });
  const accessOf = createAccess(settings);
  const responseTo = async (request: IncomingMessage, signal: AbortSignal): Promise<AdminResponse> => {
    const url = new URL(request.url ?? "/", "http://admin");
    const page = pages[url.pathname];
    const access = accessOf(request);
    if (access === "refused") return errorResponse(421, "the header Host does not name this machine");
    if (!page) return errorResponse(404, "there is nothing at this path");
    if (access === "probe" && !page.isProbe) {
      return errorResponse(401, "a token is required: send Authorization: Bearer <admin_token>", {
        "www-authenticate": "Bearer",
      });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return errorResponse(405, "the methods of this path are GET, HEAD", { allow: "GET, HEAD" });
    }
    return page.respond({ query: url.searchParams, access, signal });
  };
  const server = createServer(
    { maxHeaderSize: headerBytesMax, requestTimeout: requestMs },
    (request, response) => serve(request, response, responseTo, options.log),
  );
  server.maxConnections = connectionsMax;
  const { address, ...listening } = await listen(server, settings.listen);
  const owned = cleanup.move();
  return {
    address,
    async [Symbol.asyncDispose]() {
      owned.dispose();
      await listening[Symbol.asyncDispose]();
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  responseTo: (request: IncomingMessage, signal: AbortSignal) => Promise<AdminResponse>,
  log: Logger,
): Promise<void> {
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  response.on("error", () => undefined);
  const content = await responseTo(request, closed.signal).catch((err: unknown) => {
    if (!closed.signal.aborted) log.error({ err }, "the admin port failed");
    return errorResponse(500, "internal error");
  });
  response.writeHead(content.status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...content.headers,
    "content-length": Buffer.byteLength(content.body),
  });
  response.end(request.method === "HEAD" ? undefined : content.body);
}

async function listen(server: Server, address: string): Promise<AdminServer> {
  const path = address.startsWith("unix:")
    ? address.slice("unix:".length).replace(/^\/\/(?=\/)/, "")
    : undefined;
  if (path !== undefined) {
    await removeStaleSocket(path);
    server.listen(path);
  } else {
    const at = address.lastIndexOf(":");
    server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/^\[|\]$/g, ""));
  }
  await once(server, "listening");
  const host = address.replace(/:\d+$/, "");
  return {
    address: path !== undefined ? address : `http://${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
