import { createHash, randomBytes } from "node:crypto";
import { AuthService, type Issuer } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Call } from "../command/call.ts";
import { CommandError, usageError } from "../failures/command-error.ts";
import { type Connection, connect, connectAnonymously } from "../session/connect.ts";
import { loginOf } from "../session/credential-source.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { awaitRedirect } from "./await-redirect.ts";
import type { LoginWay } from "./login-way.ts";
import { openBrowser } from "./open-browser.ts";

/** Signs in at an identity provider in the browser: authorization code with PKCE and a loopback redirect (RFC 8252). */
export const byIssuer: LoginWay = {
  isChosen: ({ oidc }) => oidc !== undefined,
  async obtain(call, server, { oidc }) {
    const connection = connectAnonymously(server);
    const issuer = await chooseIssuer(call, connection, oidc ?? "");
    const secrets = { codeVerifier: random(32), nonce: random(16) };
    const state = random(16);
    await using redirect = await awaitRedirect(state, call.signal);
    const url = authorizationUrl(issuer, { ...secrets, state, redirectUri: redirect.uri });
    call.terminal.note(`Sign in with your browser, at\n\n  ${neutralise(url)}\n`);
    openBrowser(url, call.settings.browser);
    const { code, iss } = await redirect.answer;
    const request = { issuer: issuer.name, code, iss, redirectUri: redirect.uri, ...secrets };
    const issued = await connection.client(AuthService).exchangeCode(request, { signal: call.signal });
    return { account: await emailOf(call, server, issued.accessToken), credential: loginOf(issued) };
  },
};

async function emailOf(call: Call, server: string, accessToken: string): Promise<string> {
  const session = { server, name: "", account: "", credential: { kind: "token" as const, accessToken } };
  const { user } = await connect(session, call.settings)
    .client(UserService)
    .getMe({}, { signal: call.signal });
  return user?.email ?? "";
}

const random = (bytes: number): string => randomBytes(bytes).toString("base64url");

async function chooseIssuer(call: Call, connection: Connection, name: string): Promise<Issuer> {
  const { issuers } = await connection.client(AuthService).listIssuers({}, { signal: call.signal });
  const names = issuers.map((issuer) => issuer.name).join(", ");
  const [only, another] = issuers;
  if (!only) {
    throw new CommandError("the server has no identity provider", {
      advice: "log in with your password: `sluice login`",
    });
  }
  if (name === "" && !another) return only;
  if (name === "" && !call.canAsk)
    throw usageError("the identity provider is missing", `give one of ${names}`);
  const chosen = name || (await askIssuer(issuers));
  const found = issuers.find((issuer) => issuer.name === chosen);
  if (!found) throw usageError(`there is no identity provider ${chosen}`, `give one of ${names}`);
  return found;
}

async function askIssuer(issuers: readonly Issuer[]): Promise<string> {
  const { askChoice } = await import("../terminal/ask.ts");
  const choices = issuers.map(({ name, displayName }) => ({
    value: name,
    label: neutralise(displayName || name),
  }));
  return askChoice("Where do you sign in?", choices);
}

type Request = { codeVerifier: string; nonce: string; state: string; redirectUri: string };

/** Only addresses of the web go to the browser: the server could name a program's otherwise. */
function authorizationUrl(issuer: Issuer, { codeVerifier, nonce, state, redirectUri }: Request): string {
  const url = URL.parse(issuer.authorizationEndpoint);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`${issuer.name} has no address of the web to sign in at`, {
      advice: "ask the operator of the server to correct the provider's settings",
    });
  }
  const parameters = {
    response_type: "code",
    client_id: issuer.clientId,
    scope: issuer.scopes.join(" "),
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    nonce,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
