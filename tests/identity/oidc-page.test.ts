import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { issuersFile } from "../../services/identity/oidc/issuer-settings.ts";
import { forFile } from "../lib/for-file.ts";
import { type Program, startProgram } from "../lib/program.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys, temporaryFolder } from "../lib/test-mesh.ts";
import { encryptionKey, password } from "./fixtures.ts";
import { type Authorized, authorize } from "./oidc/authorize.ts";
import { type Person, resource, startProvider } from "./oidc/provider.ts";

const page = await readFile(join(import.meta.dirname, "../../docs/oidc.md"), "utf8");
const example = /```json\n([^`]+)```/.exec(page)?.[1] ?? "";

/** The mesh of the page's example: identity and the edge as programs, and a provider with users. */
const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const people = new Map<string, Person>();
  const provider = stack.use(await startProvider(people));
  const { urls } = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const file = join(folder.path, "issuers.json");
  const settings = JSON.parse(example.replace("https://login.example.org", provider.url));
  settings.issuers[0].cooldown_seconds = 0;
  await writeFile(file, JSON.stringify(settings));
  const programs: Program[] = [];
  const start = (process: string, settings: Record<string, string>) => {
    const program: Program = stack.use(
      startProgram(process === "edge" ? "edge/main.ts" : `services/${process}/main.ts`, {
        LOG_LEVEL: "info",
        MESH_PRIVATE_KEY: meshKeys.privateKeys[process],
        MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
        ...settings,
      }),
    );
    programs.push(program);
    return program.printed(/"address":"([^"]+)","msg":"ready"/);
  };
  const identity = await start("identity", {
    GRPC_LISTEN: "127.0.0.1:0",
    DATABASE_URL: urls.identity,
    BOOTSTRAP_ADMIN_PASSWORD: password,
    SECRET_ENCRYPTION_KEY: encryptionKey,
    ...serviceAddresses("127.0.0.1:1"),
    OIDC_ISSUERS_FILE: file,
  });
  const url = await start("edge", { ...serviceAddresses(identity), EDGE_PORT: "0" });
  const owned = stack.move();
  const outputs = () => programs.map(({ output }) => output()).join("");
  return { people, provider, url, outputs, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

type Issuer = { name: string; authorizationEndpoint: string; clientId: string; scopes: string[] };

/** As the page says how a client signs in, up to the code. */
async function authorized(subject: string, asked: { resource?: string } = {}): Promise<Authorized> {
  const response = await fetch(`${scene().url}/api/v1/auth/issuers`);
  const { issuers } = (await response.json()) as { issuers: Issuer[] };
  const [issuer] = issuers;
  if (!issuer) throw new Error("no issuer");
  return authorize({ ...issuer, subject, ...asked });
}

async function exchange(request: object): Promise<Response> {
  return fetch(`${scene().url}/api/v1/auth/oidc:exchange`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ issuer: "corp", ...request }),
  });
}

async function whoAmI(accessToken: string) {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${scene().url}/api/v1/auth/whoami`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function newPerson(subject: string, groups: readonly string[]): string {
  const email = `${subject}@example.org`;
  scene().people.set(subject, { email, email_verified: true, groups });
  return subject;
}

async function signIn(subject: string): Promise<string> {
  const response = await exchange(await authorized(subject));
  const { accessToken } = (await response.json()) as { accessToken: string };
  expect(response.headers.get("cache-control")).toBe("no-store");
  return accessToken;
}

test.each([
  ["an admin", ["sluice-admins", "data"], ["admin", "editor"]],
  ["an editor", ["data", "team-a"], ["editor"]],
  ["a viewer", ["cooks"], ["viewer"]],
])("OK: the page's example signs in %s", async (title, groups, roles) => {
  const subject = newPerson(title.replace(" ", "-"), groups);
  expect(await whoAmI(await signIn(subject))).toMatchObject({ status: 200, body: { roles } });
});

/** An access token of the issuer for Sluice. */
async function accessTokenOf(subject: string): Promise<string> {
  const { code, codeVerifier, redirectUri } = await authorized(subject, { resource });
  const form = { grant_type: "authorization_code", client_id: "sluice", redirect_uri: redirectUri, resource };
  const body = new URLSearchParams({ ...form, code, code_verifier: codeVerifier });
  const response = await fetch(`${scene().provider.url}/token`, { method: "POST", body });
  return ((await response.json()) as { access_token: string }).access_token;
}

test("OK: an access token of the issuer is taken as a bearer token, once its user has signed in", async () => {
  const subject = newPerson("caller", ["data"]);
  expect(await whoAmI(await accessTokenOf(subject))).toMatchObject({
    status: 403,
    body: { error: { message: "issuer corp: the user has no account here" } },
  });
  await signIn(subject);
  expect(await whoAmI(await accessTokenOf(subject))).toMatchObject({
    status: 200,
    body: { roles: ["editor"], apiKeyId: "" },
  });
});

/** The token with the name of another key. */
function withUnknownKey(token: string): string {
  const [head = "", ...rest] = token.split(".");
  const header = JSON.parse(Buffer.from(head, "base64url").toString());
  return [Buffer.from(JSON.stringify({ ...header, kid: "unknown" })).toString("base64url"), ...rest].join(
    ".",
  );
}

test("503: the issuer is down; passwords and access tokens of its known keys go on", async () => {
  const subject = newPerson("late", ["data"]);
  await signIn(subject);
  const [request, accessToken] = [await authorized(subject), await accessTokenOf(subject)];
  await scene().provider[Symbol.asyncDispose]();
  const refused = await exchange(request);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(JSON.stringify(await refused.json())).toContain("ISSUER_UNAVAILABLE");
  expect((await whoAmI(accessToken)).status).toBe(200);
  const unknown = await whoAmI(withUnknownKey(accessToken));
  expect(unknown.status).toBe(503);
  expect(JSON.stringify(unknown.body)).toContain("ISSUER_UNAVAILABLE");
  const response = await fetch(`${scene().url}/api/v1/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "admin@sluice.local", password }),
  });
  expect(response.status).toBe(200);

  expect(scene().outputs()).toContain("an OpenID Connect issuer can't be used");
  for (const secret of [request.code, request.codeVerifier, request.nonce, accessToken]) {
    expect(scene().outputs()).not.toContain(secret);
  }
});

test("the page's table has every setting of an issuer", () => {
  const settings = Object.keys(issuersFile.shape.issuers.element.shape);
  const named = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(named).toEqual(settings);
});
