import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { decodeJwt, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Call, caller, logIn, type Problem, problemOf } from "./api.ts";
import { type ObservedMesh, type State, startObservedMesh } from "./observed-mesh.ts";

const password = "a long first password";
const unknown = "0199a1f0-3c55-7d18-a6a9-0a1f5f0c7e55";
const json = { "content-type": "application/json" };
const bytes = { "content-type": "application/octet-stream" };

let mesh: ObservedMesh;
let trusted: SigningKey;
let token: string;
let expiredKey: string;
let call: Call;
let before: State;
beforeAll(async () => {
  mesh = await startObservedMesh(password);
  trusted = await addSigningKey(mesh);
  token = await logIn(mesh.process.url, password);
  call = caller(mesh.process.url, { authorization: `Bearer ${token}` });
  const { body } = await call("POST", "/api/v1/api-keys", { apiKey: { displayName: "an old key" } });
  expiredKey = JSON.parse(body).secret;
  await mesh.sql`update identity.api_keys set expire_time = now()`;
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

beforeEach(async () => {
  before = await mesh.state();
});
afterEach(async () => {
  expect(await mesh.state()).toEqual(before);
  expect((await call("GET", "/health")).status).toBe(200);
});

type SigningKey = { kid: string; privateKey: KeyObject };

/** A signing key that the test adds to the mesh, newer than the mesh's own. */
async function addSigningKey({ sql }: ObservedMesh): Promise<SigningKey> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const kid = randomUUID();
  const { x = "" } = publicKey.export({ format: "jwk" });
  await sql`
    insert into identity.signing_keys (kid, x, key_id, nonce, ciphertext) values (${kid}, ${x}, '', '', '')`;
  return { kid, privateKey };
}

describe("requests", () => {
  const user = (fields: object) => ({
    user: { email: "a@example.org" },
    password: "a long password",
    ...fields,
  });
  const project = (format: unknown) => ({
    project: {
      displayName: "a project",
      sourceId: unknown,
      tables: [{ name: "t" }],
      destination: { filestore: { name: "area", format } },
    },
  });
  const notFound = (what: string) => [404, "NOT_FOUND", "RESOURCE_NOT_FOUND", `${what} ${unknown} not found`];
  const invalid = (field: string, why: string) => [400, "INVALID_ARGUMENT", field, `${field}: ${why}`];
  const nameRule = "must be 1 to 255 characters without slashes and control characters, and not . or ..";
  const secretRule = "does not match regex pattern `^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$`";
  test.each<[string, Parameters<Call>, Problem]>([
    [
      "malformed JSON",
      ["POST", "/api/v1/users", '{"user":', json],
      invalid("body", "is not JSON: it ends early or is empty"),
    ],
    [
      "another JSON than an object",
      ["POST", "/api/v1/execute", "[]", json],
      invalid("body", "must be an object"),
    ],
    [
      "another body than JSON",
      ["POST", "/api/v1/execute", "sql=SELECT", { "content-type": "text/plain" }],
      [415, "INVALID_ARGUMENT", "the body must be application/json"],
    ],
    [
      "a number instead of a text",
      ["POST", "/api/v1/users", user({ user: { email: 5 } })],
      invalid("user.email", "expected string, got 5"),
    ],
    [
      "a text instead of a number",
      ["POST", "/api/v1/execute", { sourceId: unknown, sql: "SELECT 1", maxRows: "many" }],
      invalid("max_rows", 'expected number (int32), got "many"'),
    ],
    [
      "an unknown field",
      ["POST", "/api/v1/execute", { sourceId: unknown, sql: "SELECT 1", rows: 1 }],
      invalid("rows", "is not a field of the request"),
    ],
    [
      "an unknown enum value",
      ["POST", "/api/v1/projects", project("XLSX")],
      invalid("project.destination.filestore.format", '"XLSX" is none of PARQUET, CSV'),
    ],
    [
      "an unknown enum number",
      ["POST", "/api/v1/projects", project(99)],
      invalid("project.destination.filestore.format", "value must be one of the defined enum values"),
    ],
    [
      "an unknown role",
      ["POST", "/api/v1/users", user({ roles: ["emperor"] })],
      invalid("roles[0]", "must be in list [viewer, editor, approver, admin]"),
    ],
    [
      "a body over the limit",
      ["POST", "/api/v1/users", user({ user: { displayName: "x".repeat(5_000_000) } })],
      [413, "RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE", "the body is larger than 4194304 bytes"],
    ],
    [
      "a URL over the limit",
      ["GET", `/api/v1/users?pageToken=${"x".repeat(9000)}`],
      [414, "INVALID_ARGUMENT", "the URL is longer than 8192 bytes"],
    ],
    [
      "bad percent-encoding in the path",
      ["GET", "/api/v1/storage/files/%zz"],
      invalid("file_id", "has a % that no two hexadecimal digits follow"),
    ],
    [
      "bad percent-encoding in the query",
      ["GET", "/api/v1/users?pageToken=%ff"],
      invalid("pageToken", "is not UTF-8"),
    ],
    [
      "a file named ..",
      ["POST", "/api/v1/storage/files?name=..", "content", bytes],
      invalid("header.name", nameRule),
    ],
    [
      "a file named with ../",
      ["POST", "/api/v1/storage/files?name=../../etc/passwd", "content", bytes],
      invalid("header.name", nameRule),
    ],
    ["a secret named ..", ["PUT", "/api/v1/secrets/%2e%2e", { value: "x" }], invalid("name", secretRule)],
    [
      "a secret named with ../",
      ["PUT", "/api/v1/secrets/..%2f..%2fpasswd", { value: "x" }],
      invalid("name", secretRule),
    ],
    [
      "a path with ../",
      ["PUT", "/api/v1/secrets/../passwd", { value: "x" }],
      [404, "NOT_FOUND", "METHOD_UNKNOWN", "there is nothing at this path"],
    ],
    ["an unknown file", ["GET", `/api/v1/storage/files/${unknown}`], notFound("file")],
    ["an unknown file's content", ["GET", `/api/v1/storage/files/${unknown}/content`], notFound("file")],
    ["an unknown user", ["DELETE", `/api/v1/users/${unknown}`], notFound("user")],
    ["an unknown source", ["DELETE", `/api/v1/sources/${unknown}`], notFound("source")],
    [
      "an unknown source to discover",
      ["POST", "/api/v1/catalog:discover", { sourceId: unknown }],
      notFound("source"),
    ],
    [
      "an unknown source to query",
      ["POST", "/api/v1/execute", { sourceId: unknown, sql: "SELECT 1" }],
      notFound("source"),
    ],
    ["an unknown table", ["GET", `/api/v1/catalog/tables/${unknown}`], notFound("table")],
    ["an unknown execution", ["GET", `/api/v1/executions/${unknown}`], notFound("execution")],
    ["an id that is none", ["GET", "/api/v1/storage/files/1"], invalid("file_id", "must be a valid UUID")],
  ])("refused: %s", async (_, args, problem) => {
    expect(problemOf(await call(...args))).toEqual(problem);
  });
});

describe("credentials", () => {
  const whoAmI = (headers: Record<string, string>) =>
    caller(mesh.process.url)("GET", "/api/v1/auth/whoami", "", headers);
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
  const sign = ({ kid, privateKey }: SigningKey, claims: object) =>
    new SignJWT({ ...decodeJwt(token), ...claims })
      .setProtectedHeader({ alg: "EdDSA", kid })
      .sign(privateKey);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

  test("OK: what the mesh trusts and has not expired", async () => {
    expect((await whoAmI(bearer(token))).status).toBe(200);
    expect((await whoAmI(bearer(await sign(trusted, {})))).status).toBe(200);
  });

  test.each<[string, () => Promise<Record<string, string>> | Record<string, string>]>([
    ["an expired token", async () => bearer(await sign(trusted, { exp: Math.floor(Date.now() / 1000) - 1 }))],
    [
      "a token that another key has signed",
      async () => bearer(await sign({ ...generateKeyPairSync("ed25519"), kid: trusted.kid }, {})),
    ],
    ["a token of an unknown key", async () => bearer(await sign({ ...trusted, kid: unknown }, {}))],
    [
      "a token for somebody else",
      () => {
        const [head, , signature] = token.split(".");
        return bearer([head, encode({ ...decodeJwt(token), sub: unknown }), signature].join("."));
      },
    ],
    ["an unsigned token", () => bearer(`${encode({ alg: "none" })}.${token.split(".")[1]}.`)],
    ["no token at all", () => bearer("something")],
    ["an expired API key", () => ({ "x-api-key": expiredKey })],
    ["an unknown API key", () => ({ "x-api-key": "sk_unknown" })],
  ])("refused: %s", async (_, headers) => {
    expect(problemOf(await whoAmI(await headers()))).toEqual([
      401,
      "UNAUTHENTICATED",
      "CREDENTIAL_INVALID",
      "the credential is unknown, malformed, expired or revoked",
    ]);
  });

  test("refused: no credential", async () => {
    expect(problemOf(await whoAmI({})).slice(0, 3)).toEqual([401, "UNAUTHENTICATED", "CREDENTIAL_MISSING"]);
  });
});

test("OK: none of it was a fault of the server's", () => {
  expect(mesh.process.output()).not.toMatch(/"level":[56]0/);
});
