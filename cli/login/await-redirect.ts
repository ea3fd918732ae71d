import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CommandError, interrupted } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";

/** What an identity provider answers. */
type Answer = { readonly code: string; readonly iss: string };

type Redirect = AsyncDisposable & {
  /** Where the provider sends the browser. */
  readonly uri: string;
  readonly answer: Promise<Answer>;
};

const path = "/callback";
/** Time for a sign-in with a second factor. */
const waitMs = 5 * 60_000;

/**
 * Listens on a free port of this machine for the browser that comes back from a sign-in. A request without the state is not an answer:
 * any page and any user of the machine can send one.
 */
export async function awaitRedirect(state: string, signal: AbortSignal): Promise<Redirect> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
  // It may be refused before anybody waits.
  answer.catch(() => {});
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? "", "http://127.0.0.1");
    if (request.method !== "GET" || url?.pathname !== path) return reply(response, 404, "Nothing is here.");
    const { searchParams } = url;
    if (!isEqual(searchParams.get("state") ?? "", state)) {
      return reply(response, 400, "This is no answer to the sign-in.");
    }
    const code = searchParams.get("code");
    // The command ends then, and the page has to be out before.
    response.once("close", () =>
      code === null ? reject(refusal(searchParams)) : resolve({ code, iss: searchParams.get("iss") ?? "" }),
    );
    reply(
      response,
      200,
      code === null ? "The sign-in was refused." : "Signed in. You can close this window.",
    );
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const onAbort = () => reject(interrupted());
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => reject(tooLate()), waitMs);
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    answer,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      const closed = Promise.withResolvers<unknown>();
      server.close(closed.resolve);
      // Browsers open connections that they may never use.
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

const isEqual = (given: string, expected: string): boolean =>
  timingSafeEqual(sha256(given), sha256(expected));

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The page shows nothing of the request. */
function reply(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(`<!doctype html><title>Sluice</title><p>${sentence}</p>\n`);
}

const refusal = (parameters: URLSearchParams): CommandError => {
  const reason = parameters.get("error_description") ?? parameters.get("error") ?? "it gave no code";
  return new CommandError(`the identity provider refused the sign-in: ${reason}`, {
    exitCode: exitCodes.unauthenticated,
    advice: "repeat the command, or ask the administrator of the provider",
  });
};

const tooLate = (): CommandError =>
  new CommandError("nobody signed in for five minutes", {
    exitCode: exitCodes.unauthenticated,
    advice: "repeat the command, and finish the sign-in in the browser",
  });
