import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../telemetry/log.ts";
import type { AdminSettings } from "../telemetry/settings.ts";
import { createAccess } from "./admin-access.ts";
import { type Answer, refusal } from "./answer.ts";
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

/** Serves metrics, health and, if the settings open them, profiles, for whoever runs the process. */
export async function startAdminServer(
  settings: AdminSettings,
  options: { hasStarted: () => boolean; log: Logger },
): Promise<AdminServer> {
  using cleanup = new DisposableStack();
  const workers = cleanup.use(watchWorkers());
  const pages = adminPages({ ...options, profiling: settings.profiling, workers });
  const accessOf = createAccess(settings);
  const answerTo = async (request: IncomingMessage, gone: AbortSignal): Promise<Answer> => {
    const url = new URL(request.url ?? "/", "http://admin");
    const page = pages[url.pathname];
    const access = accessOf(request);
    if (access === "refused") return refusal(421, "the header Host does not name this machine");
    if (!page) return refusal(404, "there is nothing at this path");
    if (access === "probe" && !page.isProbe) {
      return refusal(401, "a token is required: send Authorization: Bearer <admin_token>", {
        "www-authenticate": "Bearer",
      });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refusal(405, "the methods of this path are GET, HEAD", { allow: "GET, HEAD" });
    }
    return page.answer({ query: url.searchParams, access, gone });
  };
  const server = createServer(
    { maxHeaderSize: headerBytesMax, requestTimeout: requestMs },
    (request, response) => serve(request, response, answerTo, options.log),
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
  answerTo: (request: IncomingMessage, gone: AbortSignal) => Promise<Answer>,
  log: Logger,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.on("error", () => undefined);
  const answer = await answerTo(request, gone.signal).catch((err: unknown) => {
    if (!gone.signal.aborted) log.error({ err }, "the admin port failed");
    return refusal(500, "internal error");
  });
  response.writeHead(answer.status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
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
