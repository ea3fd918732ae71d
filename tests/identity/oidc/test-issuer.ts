import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

/** Claims that a token may have, whatever they are. */
export type Claims = Readonly<Record<string, unknown>>;

type SigningKey = { readonly privateKey: CryptoKey; readonly jwk: JWK & { kid: string } };

/** An issuer that answers and signs what a test wants: for what a real provider never does. */
export type TestIssuer = AsyncDisposable & {
  readonly url: string;
  readonly key: SigningKey;
  /** Replies by path, in addition to a discovery document and the keys. */
  readonly replies: Map<string, Reply>;
  /** Requests by path. */
  readonly requests: Map<string, number>;
  /** Signs a valid access token for Sluice, unless overridden; a claim of undefined is left out. */
  sign(claims?: Claims, header?: Partial<JWTHeaderParameters>, key?: SigningKey): Promise<string>;
  /** Stops answering; disposal does too. */
  stop(): Promise<void>;
};

export const discoveryPath = "/.well-known/openid-configuration";
export const keysPath = "/keys";
export const tokenPath = "/token";
export const audience = "https://sluice.example.org";

export async function newKey(algorithm = "ES256"): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = crypto.randomUUID();
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" } };
}

export const json =
  (value: unknown, status = 200): Reply =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };

export const documentOf = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}${tokenPath}`,
  jwks_uri: `${url}${keysPath}`,
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["ES256"],
});

export async function startIssuer(): Promise<TestIssuer> {
  const key = await newKey();
  const replies = new Map<string, Reply>();
  const requests = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.set(path, (requests.get(path) ?? 0) + 1);
    const reply = replies.get(path);
    if (reply) reply(response, request);
    else response.writeHead(404).end();
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  replies.set(discoveryPath, json(documentOf(url)));
  replies.set(keysPath, json({ keys: [key.jwk] }));
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    const closed = Promise.withResolvers<unknown>();
    server.close(closed.resolve);
    await closed.promise;
  };
  return {
    url,
    key,
    replies,
    requests,
    sign(claims = {}, header = {}, by = key) {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const times = { iat: nowSeconds, exp: nowSeconds + 300 };
      const { alg = "ES256", kid } = by.jwk;
      return new SignJWT({ iss: url, aud: audience, sub: "somebody", ...times, ...claims })
        .setProtectedHeader({ alg, kid, typ: "at+jwt", ...header })
        .sign(by.privateKey);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const signInRequest = {
  codeVerifier: "v".repeat(43),
  nonce: "n".repeat(16),
  redirectUri: "http://127.0.0.1:1/",
  code: "c",
};

/** A sign-in of `sub` at the issuer: its token endpoint answers any code with the person's ID token. */
export async function prepareSignIn(issuer: TestIssuer, sub: string, claims: Claims = {}) {
  const email = `${sub}@example.org`;
  const idToken = await issuer.sign(
    { sub, aud: "sluice", nonce: signInRequest.nonce, email, email_verified: true, ...claims },
    { typ: "JWT" },
  );
  issuer.replies.set(tokenPath, json({ access_token: "a", token_type: "Bearer", id_token: idToken }));
  return signInRequest;
}
