import { setTimeout as delay } from "node:timers/promises";
import { ConnectError } from "@connectrpc/connect";
import { sourceDataInvalid, sourceUnreachable } from "../../errors.ts";
import type { Limit } from "../../timing/limit.ts";
import { tlsProblem } from "../network/tls-problem.ts";
import { createPinnedAgent } from "./pinned-agent.ts";
import type { HttpLogin } from "./prepare-http-login.ts";
import { waitOf } from "./retry-after.ts";
import { type HttpResponse, SilentServerError, sendRequest, type Target } from "./send-request.ts";
import { type HttpServerSettings, originOf } from "./server-settings.ts";

/** Requests to one server, one after another. */
export type HttpClient = Disposable & {
  /**
   * Gets a path with its query, and returns a response with the status 200, or 304 if `headers` ask for that. It waits as the server
   * asks, repeats what failed for a moment, and follows redirects to the same origin. Unavailable (SOURCE_UNREACHABLE),
   * FailedPrecondition (SOURCE_DATA_INVALID).
   */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<HttpResponse>;
  /** Sends a text, as `get` does. It may be sent again after a failure. */
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<HttpResponse>;
  /** Sends a request once, whatever comes of it, and within a time of its own. */
  delete(path: string, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<void>;
  /** Path and query of a reference in a response. FailedPrecondition (SOURCE_DATA_INVALID) if it leads to another server. */
  resolve(reference: string, base: string): string;
};

type Options = {
  readonly settings: HttpServerSettings & { readonly requestsPerSecond?: number | undefined };
  readonly login: HttpLogin;
  readonly limit: Limit;
};

const attemptsMax = 4;
const redirectsMax = 5;
/** Wait before the second attempt, in milliseconds; it doubles with each further one. */
const backoffMs = 250;
const temporary: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function createHttpClient({ settings, login, limit }: Options): HttpClient {
  const origin = originOf(settings);
  const { signal } = limit;
  const deadlineMs = performance.now() + limit.timeoutMs;
  const agent = createPinnedAgent(login.route, settings.scheme === "https", signal);
  const { credential } = login;
  const fixedHeaders = {
    accept: "application/json",
    "user-agent": "sluice",
    ...Object.fromEntries(
      Object.entries(settings.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...(credential?.place === "header" && { [credential.name.toLowerCase()]: credential.value }),
  };
  const spacingMs = settings.requestsPerSecond === undefined ? 0 : 1000 / settings.requestsPerSecond;
  /** Earliest time of the next request, on the clock of `performance`. */
  let nextMs = 0;

  async function pause(ms: number, because: string): Promise<void> {
    if (performance.now() + ms >= deadlineMs) {
      const seconds = Math.ceil(ms / 1000);
      throw sourceUnreachable(
        `${origin} ${because}, and ${seconds} s are longer than the time that is left: try again later`,
      );
    }
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  async function send(target: Target): Promise<HttpResponse> {
    await pause(Math.max(0, nextMs - performance.now()), "takes no more requests for now");
    nextMs = performance.now() + spacingMs;
    const response = await sendRequest(agent, target, signal);
    const waitMs = waitOf(response.status, response.headers, Date.now());
    if (waitMs !== undefined) nextMs = Math.max(nextMs, performance.now() + waitMs);
    return response;
  }

  /** Repeats a request that failed for a moment. */
  async function sendUntilAnswered(target: Target): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === attemptsMax;
      const found = await send(target).catch((error: unknown) => {
        signal.throwIfAborted();
        if (isLast || error instanceof ConnectError || tlsProblem(error) !== undefined)
          throw unreachable(origin, error);
        return undefined;
      });
      if (found && (isLast || !temporary.has(found.status))) return found;
      found?.body.destroy();
      await pause(backoffMs * 2 ** (attempt - 1), found ? `answers ${found.status}` : "does not answer");
    }
  }

  function resolve(reference: string, base: string): string {
    const found = URL.canParse(reference, origin + base) ? new URL(reference, origin + base) : undefined;
    if (found?.origin !== new URL(origin).origin || found.username !== "" || found.password !== "") {
      // The reference itself may have a credential in it.
      const elsewhere = found && found.origin !== "null" ? JSON.stringify(found.origin) : "another address";
      throw sourceDataInvalid(`${origin} refers to ${elsewhere}, and only requests to ${origin} are sent`);
    }
    return found.pathname + found.search;
  }

  /** Only reading requests are redirected. */
  async function follow(path: string, request: Omit<Target, "origin" | "path">): Promise<HttpResponse> {
    let at = withCredential(path, credential);
    for (let redirect = 0; redirect <= redirectsMax; redirect += 1) {
      const response = await sendUntilAnswered({ ...request, origin, path: at });
      const { location } = response.headers;
      const isRedirect = redirects.has(response.status) && location !== undefined;
      if (!isRedirect || request.method !== "GET") return checked(origin, response);
      response.body.destroy();
      at = withCredential(resolve(location, at), credential);
    }
    throw sourceDataInvalid(`${origin} redirects more than ${redirectsMax} times`);
  }

  return {
    resolve,
    get: (path, headers) => follow(path, { method: "GET", headers: { ...fixedHeaders, ...headers } }),
    post: (path, body, headers) =>
      follow(path, { method: "POST", headers: { ...fixedHeaders, ...headers }, body }),
    async delete(path, headers, timeoutMs) {
      // The limit of the client may have passed: that is why something is deleted.
      const own = AbortSignal.timeout(timeoutMs);
      const ownAgent = createPinnedAgent(login.route, settings.scheme === "https", own);
      const target = { method: "DELETE" as const, origin, path, headers: { ...fixedHeaders, ...headers } };
      try {
        const { body } = await sendRequest(ownAgent, target, own);
        body.destroy();
      } catch {
        // The server ends it by itself later.
      } finally {
        ownAgent.destroy();
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Sets a credential that is a parameter. The other parameters stay as they are written. */
function withCredential(path: string, credential: HttpLogin["credential"]): string {
  if (credential?.place !== "query") return path;
  const at = path.indexOf("?");
  const before = at < 0 ? path : path.slice(0, at);
  const others = at < 0 ? [] : path.slice(at + 1).split("&");
  const kept = others.filter((text) => text !== "" && !new URLSearchParams(text).has(credential.name));
  const own = new URLSearchParams({ [credential.name]: credential.value }).toString();
  return `${before}?${[...kept, own].join("&")}`;
}

/** The body of an error is not shown: it may be meant for others. */
function checked(origin: string, response: HttpResponse): HttpResponse {
  const { status } = response;
  if (status === 200 || status === 304) return response;
  response.body.destroy();
  if (temporary.has(status))
    throw sourceUnreachable(`${origin} answers ${status}, also after ${attemptsMax} attempts`);
  const hint = status === 401 || status === 403 ? ": settings.auth and its secret are not accepted" : "";
  throw sourceDataInvalid(`${origin} answers ${status}${hint}`);
}

function unreachable(origin: string, error: unknown): unknown {
  if (error instanceof ConnectError) return error;
  const problem = tlsProblem(error);
  if (problem !== undefined) return sourceUnreachable(`${origin} ${problem}`);
  const why =
    error instanceof SilentServerError ? "does not answer" : "can't be reached, or ends its connections";
  return Object.assign(sourceUnreachable(`${origin} ${why}`), { cause: error });
}
