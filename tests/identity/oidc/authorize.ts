import { createHash, randomBytes } from "node:crypto";

/** The answer to an authorization request, and the secrets of the request: what ExchangeCode takes. */
export type Authorized = {
  readonly code: string;
  readonly iss: string;
  readonly codeVerifier: string;
  readonly nonce: string;
  readonly redirectUri: string;
};

type AuthorizationRequest = {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Who signs in. */
  readonly subject: string;
  readonly resource?: string;
};

const redirectsMax = 10;

/** Signs in at the provider as a browser does, and returns the code of its last redirect. */
export async function authorize(request: AuthorizationRequest): Promise<Authorized> {
  const codeVerifier = randomBytes(32).toString("base64url");
  const nonce = randomBytes(16).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const redirectUri = "http://127.0.0.1:51004/callback";
  const url = new URL(request.authorizationEndpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: request.clientId,
    scope: request.scopes.join(" "),
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
    login_hint: request.subject,
    ...(request.resource && { resource: request.resource }),
    state,
    nonce,
  }).toString();
  const last = await followTo(redirectUri, url);
  if (last.get("state") !== state) throw new Error(`no code, but ${last}`);
  const secrets = { codeVerifier, nonce, redirectUri };
  return { code: last.get("code") ?? "", iss: last.get("iss") ?? "", ...secrets };
}

/** Follows redirects with cookies until one leads to `redirectUri`. Returns its parameters. */
export async function followTo(redirectUri: string, start: URL): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let count = 0; count < redirectsMax; count += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const text of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location) throw new Error(`${url.pathname} answers ${response.status}: ${await response.text()}`);
    if (location.startsWith(redirectUri)) return new URL(location).searchParams;
    url = new URL(location, url);
  }
  throw new Error("too many redirects");
}
