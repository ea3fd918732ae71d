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
      throw sourceDataInvalid(
        `${origin} refers to ${JSON.stringify(reference.slice(0, 200))}, and only requests to ${origin} are sent`,
      );
    }
    return found.pathname + found.search;
  }

  return {
    resolve,
    async get(path, headers = {}) {
      let at = withCredential(path, credential);
      for (let redirect = 0; redirect <= redirectsMax; redirect += 1) {
        const response = await sendUntilAnswered({
          origin,
          path: at,
          headers: { ...fixedHeaders, ...headers },
        });
        const { location } = response.headers;
        if (!redirects.has(response.status) || location === undefined) return checked(origin, response);
        response.body.destroy();
        at = withCredential(resolve(location, at), credential);
      }
      throw sourceDataInvalid(`${origin} redirects more than ${redirectsMax} times`);
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Adds a credential that is a parameter, unless the path has it. */
function withCredential(path: string, credential: HttpLogin["credential"]): string {
  if (credential?.place !== "query") return path;
  const [before = "", after = ""] = path.split("?", 2);
  const query = new URLSearchParams(after);
  query.set(credential.name, credential.value);
  return `${before}?${query}`;
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
