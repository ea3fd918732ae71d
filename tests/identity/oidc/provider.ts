import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { type Context, Provider } from "oidc-provider";

/** A person's claims. */
export type Person = Record<string, unknown>;

/** An OpenID Connect provider on a port of its own. */
export type TestProvider = AsyncDisposable & {
  /** URL of the issuer. */
  readonly url: string;
  /** Number of requests so far. */
  readonly requests: { count: number };
  /** Replaces the signing keys. */
  rotateKeys(): Promise<void>;
};

const clientId = "sluice";
export const clientSecret = "a secret between the provider and sluice";
/** A client with `clientSecret`. */
export const confidentialClientId = "sluice-server";
/** Audience of access tokens for Sluice. */
export const resource = "https://sluice.example.org";
/** Any port may follow the address. */
const redirectUris = ["http://127.0.0.1/callback", "http://[::1]/callback"];
const scopes = ["openid", "email", "profile", "groups"];

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** `people` has claims by subject. The person who signs in is the `login_hint`. */
export async function startProvider(people: ReadonlyMap<string, Person>): Promise<TestProvider> {
  let handle: Handle | undefined;
  const requests = { count: 0 };
  const server = createServer((request, response) => {
    requests.count += 1;
    handle?.(request, response);
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rotateKeys = async () => {
    handle = await createHandler(url, people);
  };
  await rotateKeys();
  return {
    url,
    requests,
    rotateKeys,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      const closed = Promise.withResolvers<unknown>();
      server.close(closed.resolve);
      await closed.promise;
    },
  };
}

async function createHandler(url: string, people: ReadonlyMap<string, Person>): Promise<Handle> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: "sig", alg: "ES256" };
  const provider = new Provider(url, {
    ...staticConfiguration,
    jwks: { keys: [key] },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, ...people.get(sub) }),
    }),
    extraTokenClaims: (_context: unknown, { accountId }: { accountId: string }) => ({
      groups: people.get(accountId)?.groups,
    }),
    async loadExistingGrant({ oidc }: Context) {
      const { client, session } = oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(scopes.join(" "));
      grant.addResourceScope(resource, "call");
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  return (request, response) => {
    if (request.url?.startsWith("/interaction/")) void signInAsHinted(provider, request, response);
    else callback(request, response);
  };
}

/** What a person does in the browser. */
async function signInAsHinted(provider: Provider, request: IncomingMessage, response: ServerResponse) {
  const { params } = await provider.interactionDetails(request, response);
  // Native clients are asked for consent each time.
  const result = { login: { accountId: params.login_hint }, consent: {} };
  await provider.interactionFinished(request, response, result);
}

const client = {
  redirect_uris: redirectUris,
  application_type: "native",
  grant_types: ["authorization_code"],
  response_types: ["code"],
  id_token_signed_response_alg: "ES256",
};

const staticConfiguration = {
  clients: [
    { ...client, client_id: clientId, token_endpoint_auth_method: "none" },
    { ...client, client_id: confidentialClientId, client_secret: clientSecret },
  ],
  scopes,
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name"],
    groups: ["groups", "realm_access", "_claim_names"],
  },
  // Claims are in the ID token too.
  conformIdTokenClaims: false,
  cookies: { keys: ["a key of a test"] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "call",
        audience: resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
  interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
};
