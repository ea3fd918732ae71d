import { CommandError, usageError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import type { Settings } from "./settings.ts";
import { type Context, type Credential, readContexts } from "./store.ts";

export const defaultServer = "http://127.0.0.1:8080";

/** The server of a call and the credential for it. */
export type Session = {
  readonly server: string;
  /** Name of the context; empty if the environment alone says who calls. */
  readonly name: string;
  readonly account: string;
  readonly credential:
    | Credential
    | { readonly kind: "token"; readonly accessToken: string }
    | { readonly kind: "none" };
};

/** Finds server and credential. The credential of a context never goes to another server. */
export async function findSession(settings: Settings): Promise<Session> {
  const named = await findContext(settings);
  const server = normaliseServer(settings.server ?? named?.context.server ?? defaultServer);
  const base = { server, name: named?.name ?? "", account: named?.context.account ?? "" };
  if (settings.token) return { ...base, credential: { kind: "token", accessToken: settings.token } };
  if (settings.apiKey) return { ...base, credential: { kind: "apiKey", apiKey: settings.apiKey } };
  return { ...base, credential: named?.context.credential ?? { kind: "none" } };
}

async function findContext(settings: Settings): Promise<{ name: string; context: Context } | undefined> {
  const { current, contexts } = await readContexts(settings.folder);
  const entries = Object.entries(contexts).map(([name, context]) => ({ name, context }));
  if (settings.context !== undefined) {
    const found = entries.find(({ name }) => name === settings.context);
    if (found) return checkServer(found, settings);
    const advice = "`sluice contexts list` shows all, `sluice login --context <name>` adds one";
    throw usageError(`there is no context ${settings.context}`, advice);
  }
  const selected = entries.find(({ name }) => name === current);
  if (settings.server === undefined) return selected;
  const server = normaliseServer(settings.server);
  if (selected?.context.server === server) return selected;
  return entries.find(({ context }) => context.server === server);
}

function checkServer<Found extends { context: Context }>(found: Found, { server, context }: Settings): Found {
  if (server !== undefined && normaliseServer(server) !== found.context.server) {
    throw usageError(
      `the context ${context} is for ${found.context.server}, not ${server}`,
      "leave out one of --context and --server",
    );
  }
  return found;
}

/** The origin of a server's address. */
export function normaliseServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw usageError(`${text} is not the address of a server`, "give one such as https://sluice.example.org");
  }
  if (url.pathname !== "/" || url.search || url.hash) {
    throw usageError(`${text} has a path`, `give the server alone: ${url.origin}`);
  }
  return url.origin;
}

export const notLoggedIn = (server: string): CommandError =>
  new CommandError(`you are not logged in at ${server}`, {
    exitCode: exitCodes.unauthenticated,
    advice: "run `sluice login`, or set SLUICE_API_KEY",
  });

export const loginEnded = (server: string): CommandError =>
  new CommandError(`your login at ${server} has ended`, {
    exitCode: exitCodes.unauthenticated,
    advice: "log in again with `sluice login`",
  });
