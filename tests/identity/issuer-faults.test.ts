import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { credentialInvalid, failureOf, startIdentity, verify } from "./fixtures.ts";
import { issuerOf } from "./oidc/issuer-of.ts";
import {
  audience,
  type Claims,
  discoveryPath,
  documentOf,
  json,
  keysPath,
  newKey,
  prepareSignIn,
  type Reply,
  startIssuer,
  type TestIssuer,
  tokenPath,
} from "./oidc/test-issuer.ts";

const healthy = forFile(startIssuer);

/** Faults of the discovery document, by title. */
const discoveries: Readonly<Record<string, (url: string) => Reply>> = {
  "of another issuer": () => json(documentOf("https://issuer.example.org")),
  "of the issuer with a slash": (url) => json({ ...documentOf(url), issuer: `${url}/` }),
  "that redirects to another host": () => redirectTo(`${healthy().url}${discoveryPath}`),
  "that is an error": () => json({}, 500),
  "that is missing": () => json({}, 404),
  "that is no JSON": () => (response) => void response.end("<html>"),
  "that is a list": () => json([]),
  "that never comes": () => hang,
  "with keys on another machine": (url) => json({ ...documentOf(url), jwks_uri: "http://192.0.2.1/keys" }),
  "with keys of another scheme": (url) => json({ ...documentOf(url), jwks_uri: "file:///etc/passwd" }),
  "with keys at no URL": (url) => json({ ...documentOf(url), jwks_uri: "keys" }),
  "without keys": (url) => json({ ...documentOf(url), jwks_uri: undefined }),
};

/** Faults of the keys, by title. */
const keySets: Readonly<Record<string, () => Reply>> = {
  "that redirect": () => redirectTo(`${healthy().url}${keysPath}`),
  "that are no set": () => json({}),
  "that are none": () => json({ keys: [1, "2", null] }),
  "that are too many": () => json({ keys: Array.from({ length: 101 }, () => ({ kty: "EC" })) }),
  "that are an error": () => json({}, 503),
};

const others = ["plain", "gigabyte", "stopped", "flooded", "hanging"];
const titles = [...others, ...Object.keys(discoveries), ...Object.keys(keySets)];
const nameOf = (title: string): string => title.toLowerCase().replaceAll(" ", "-");

/** One identity service with an issuer for each fault, and the issuer `healthy` beside them. */
const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const started = await Promise.all(titles.map(() => startIssuer()));
  const issuers = new Map(started.map((issuer, index) => [titles[index], stack.use(issuer)]));
  const bearer = { audiences: [audience] };
  const configs = [...issuers].map(([title = "", { url }]) =>
    issuerOf(nameOf(title), url, { bearer, cooldown_seconds: title === "flooded" ? 3600 : 0 }),
  );
  const identity = stack.use(
    await startIdentity({ issuers: [...configs, issuerOf("healthy", healthy().url, { bearer })] }),
  );
  const owned = stack.move();
  return { issuers, identity, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

const identity = () => scene().identity;
const auth = () => identity().client(AuthService, undefined);

function issuerFor(title: string): TestIssuer {
  const issuer = scene().issuers.get(title);
  if (!issuer) throw new Error(`no issuer ${title}`);
  return issuer;
}

const signIn = async (title: string, claims: Claims = {}) =>
  auth().exchangeCode({
    issuer: nameOf(title),
    ...(await prepareSignIn(issuerFor(title), randomUUID(), claims)),
  });

const signInElsewhere = async () =>
  auth().exchangeCode({ issuer: "healthy", ...(await prepareSignIn(healthy(), randomUUID())) });

/** A sign-in whose token endpoint replies otherwise. */
async function exchange(title: string, reply: Reply) {
  const request = await prepareSignIn(issuerFor(title), randomUUID());
  issuerFor(title).replies.set(tokenPath, reply);
  return auth().exchangeCode({ issuer: nameOf(title), ...request });
}

const unavailable = (title: string) => ({
  code: "Unavailable",
  reason: "ISSUER_UNAVAILABLE",
  metadata: { issuer: nameOf(title) },
});

const redirectTo =
  (location: string): Reply =>
  (response) => {
    response.writeHead(302, { location }).end();
  };

/** Never answers. */
const hang: Reply = () => {};

/** Sends up to a gigabyte, as fast as it is read. */
function gigabyte(sent: { bytes: number }): Reply {
  const chunk = Buffer.alloc(64 * 1024, " ");
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const write = () => {
      while (!response.destroyed && sent.bytes < 1024 ** 3) {
        sent.bytes += chunk.length;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on("drain", write);
    write();
  };
}

test.each(Object.entries(discoveries))("Unavailable: a discovery document %s", async (title, reply) => {
  const issuer = issuerFor(title);
  issuer.replies.set(discoveryPath, reply(issuer.url));
  await signInElsewhere();
  const { requests } = healthy();
  const before = new Map(requests);
  const [refused] = await Promise.all([failureOf(signIn(title)), signInElsewhere()]);
  expect(refused).toEqual(unavailable(title));
  expect(await failureOf(verify(identity(), await issuer.sign()))).toEqual(unavailable(title));
  // The issuer's redirects are not followed.
  expect(requests.get(discoveryPath)).toBe(before.get(discoveryPath));
});

test("Unavailable: a discovery document of a gigabyte, of which a few megabytes are read", async () => {
  const sent = { bytes: 0 };
  issuerFor("gigabyte").replies.set(discoveryPath, gigabyte(sent));
  expect(await failureOf(signIn("gigabyte"))).toEqual(unavailable("gigabyte"));
  expect(sent.bytes).toBeLessThan(32 * 1024 * 1024);
});

test.each(Object.entries(keySets))("Unavailable: keys %s", async (title, reply) => {
  issuerFor(title).replies.set(keysPath, reply());
  expect(await failureOf(signIn(title))).toEqual(unavailable(title));
  await signInElsewhere();
});

test.each([
  ["an error of the server", json({ error: "server_error" }, 500)],
  ["a refusal of the client", json({ error: "invalid_client" }, 401)],
  ["no JSON", (response: Parameters<Reply>[0]) => void response.end("ok")],
  ["no ID token", json({ access_token: "a", token_type: "Bearer" })],
  ["a redirect", redirectTo("http://127.0.0.1:1/")],
  ["an ID token that is none", json({ access_token: "a", token_type: "Bearer", id_token: "x.y.z" })],
])("Unavailable: the token endpoint answers %s", async (_title, reply) => {
  expect(await failureOf(exchange("plain", reply))).toEqual(unavailable("plain"));
});

test("Unauthenticated: the token endpoint refuses the code", async () => {
  const reply = json({ error: "invalid_grant" }, 400);
  expect(await failureOf(exchange("plain", reply))).toEqual(credentialInvalid);
});

const nowSeconds = () => Math.floor(Date.now() / 1000);

test.each([
  ["of another sign-in", { nonce: "m".repeat(16) }],
  ["for another client", { aud: "another" }],
  ["for two clients, given to the other one", { aud: ["sluice", "another"], azp: "another" }],
  ["of another issuer", { iss: "https://issuer.example.org" }],
  ["that has expired", { exp: nowSeconds() - 60 }],
  ["of the future", { iat: nowSeconds() + 3600 }],
])("Unauthenticated: an ID token %s", async (_title, claims) => {
  expect(await failureOf(signIn("plain", claims))).toEqual(credentialInvalid);
});

test("Unauthenticated: an ID token with another key's signature", async () => {
  const issuer = issuerFor("plain");
  await signIn("plain");
  const forged = await issuer.sign(
    { sub: randomUUID(), aud: "sluice", nonce: "n".repeat(16) },
    { typ: "JWT", kid: issuer.key.jwk.kid },
    await newKey(),
  );
  const reply = json({ access_token: "a", token_type: "Bearer", id_token: forged });
  expect(await failureOf(exchange("plain", reply))).toEqual(credentialInvalid);
});

test("OK: tokens go on working while the issuer is down; Unavailable: those of keys that nobody knows", async () => {
  const issuer = issuerFor("stopped");
  const sub = randomUUID();
  await auth().exchangeCode({ issuer: "stopped", ...(await prepareSignIn(issuer, sub)) });
  await issuer.stop();
  const known = await issuer.sign({ sub });
  expect(await verify(identity(), known)).toMatchObject({ roles: ["viewer"] });
  const unknown = await issuer.sign({ sub }, {}, await newKey());
  expect(await failureOf(verify(identity(), unknown))).toEqual(unavailable("stopped"));
  expect(await failureOf(signIn("stopped"))).toEqual(unavailable("stopped"));
  expect(await verify(identity(), known)).toMatchObject({ roles: ["viewer"] });
});

test("Unauthenticated: a flood of unknown keys reads the issuer's keys once", async () => {
  const issuer = issuerFor("flooded");
  await signIn("flooded");
  const key = await newKey();
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, index) => issuer.sign({}, { kid: `unknown-${index}` }, key)),
  );
  const refused = await Promise.all(tokens.map((token) => failureOf(verify(identity(), token))));
  expect(refused).toEqual(tokens.map(() => credentialInvalid));
  expect(issuer.requests.get(keysPath)).toBe(1);
});

test("Unavailable: more than 32 sign-ins through an issuer that hangs; others sign in", async () => {
  await signIn("hanging");
  const calls = Array.from({ length: 33 }, () => failureOf(exchange("hanging", hang)));
  await signInElsewhere();
  const reasons = (await Promise.all(calls)).map(({ reason = "" }) => reason).sort();
  expect(reasons).toEqual([...Array.from({ length: 32 }, () => "ISSUER_UNAVAILABLE"), "SERVICE_BUSY"]);
});
