import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { expect, test } from "vitest";
import { startPostgresServer } from "../lib/postgres-server.ts";
import { forwardTcp } from "../lib/tcp.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { startTraceReceiver } from "../telemetry/lib/trace-receiver.ts";
import { caller, type RawResponse } from "./api.ts";
import { plantedBelow, plantedIn } from "./find-planted.ts";
import { type MeshOnFolder, startOnFolder } from "./mesh-process.ts";

const newSecret = (name: string) => `planted-${name}-${randomBytes(18).toString("base64url")}`;
const newKey = () => randomBytes(32).toString("base64");

const secrets = {
  "administrator's password": newSecret("first"),
  "user's password": newSecret("user"),
  "mistyped password": newSecret("typo"),
  "database password": newSecret("database"),
  "wrong database password": newSecret("wrong-database"),
  "unused secret": newSecret("unused"),
  "unknown API key": `sk_${newSecret("unknown")}`,
  "key of a secret file": newSecret("service-principal"),
  "master key": newKey(),
  "next master key": newKey(),
  "key of signed URLs": newKey(),
};

/** The mesh's secrets so far: answers add tokens and keys. */
const planted = new Map<string, string>(Object.entries(secrets));
/** Secrets found in answers that should not have them, as `request: name`. */
const leaked: string[] = [];

/** Calls a mesh, checks that the answer has no secret but those of `hands`, and plants these. */
function observed(url: string, standing: Record<string, string> = {}) {
  const call = caller(url, standing);
  return async (
    method: string,
    path: string,
    body?: object | string,
    hands: Readonly<Record<string, string>> = {},
    headers: Record<string, string> = {},
  ): Promise<RawResponse> => {
    const answer = await call(method, path, body, headers);
    const found = plantedIn(`${JSON.stringify(answer.headers)}${answer.body}`, planted);
    leaked.push(...found.map((name) => `${method} ${path.split("?")[0]}: ${name}`));
    for (const [name, field] of Object.entries(hands)) {
      expect(answer.body).toContain(`"${field}"`);
      planted.set(name, JSON.parse(answer.body)[field]);
    }
    return answer;
  };
}

const adminEmail = "admin@sluice.local";
const tokenPath = "/api/v1/auth/token";

/** Calls what takes or gives secrets, also in ways that fail. */
async function journey(url: string, source: { port: number; password: string }): Promise<void> {
  const anybody = observed(url);
  const login = { email: adminEmail, password: secrets["administrator's password"] };
  const hands = { "access token": "accessToken", "refresh token": "refreshToken" };
  await anybody("POST", tokenPath, login, hands);
  await anybody("POST", tokenPath, { email: adminEmail, password: secrets["mistyped password"] });
  await anybody(
    "POST",
    "/api/v1/auth/refresh",
    { refreshToken: planted.get("refresh token") ?? "" },
    { "next access token": "accessToken", "next refresh token": "refreshToken" },
  );
  const admin = observed(url, { authorization: `Bearer ${planted.get("next access token")}` });
  await admin("POST", "/api/v1/users", {
    user: { email: "grace@example.org" },
    password: secrets["user's password"],
    roles: ["editor"],
    requestId: randomUUID(),
  });
  await anybody("POST", tokenPath, { email: "grace@example.org", password: secrets["user's password"] });

  await admin("POST", "/api/v1/api-keys", { apiKey: { displayName: "parent" } }, { "API key": "secret" });
  const byKey = observed(url, { authorization: `Bearer ${planted.get("API key")}` });
  await byKey(
    "POST",
    "/api/v1/api-keys",
    { apiKey: { displayName: "child" } },
    { "child API key": "secret" },
  );
  const byChild = observed(url, { "x-api-key": planted.get("child API key") ?? "" });
  for (const path of ["/api/v1/auth/whoami", "/api/v1/api-keys", "/api/v1/users", "/api/v1/encryption"])
    expect((await byChild("GET", path)).status).toBe(200);
  await anybody(
    "GET",
    "/api/v1/auth/whoami",
    "",
    {},
    { authorization: `Bearer ${secrets["unknown API key"]}` },
  );
  await anybody("GET", `/api/v1/nothing?api_key=${secrets["unknown API key"]}`);

  await usesOfSecrets(admin, source);
  await malformed(admin);
  const batch = { requests: [{ method: "POST", path: tokenPath, body: { ...login, password: "wrong" } }] };
  await admin("POST", "/api/v1/batch", batch);
  await admin("POST", "/api/v1/signing-keys:rotate", {});
}

type Observed = ReturnType<typeof observed>;

async function usesOfSecrets(admin: Observed, { port, password }: { port: number; password: string }) {
  const destinations = [{ connector: "postgresql", host: "127.0.0.1", port }];
  await admin("PUT", "/api/v1/secrets/right", { value: password, destinations });
  await admin("PUT", "/api/v1/secrets/wrong", { value: secrets["wrong database password"], destinations });
  await admin("PUT", "/api/v1/secrets/unused", { value: secrets["unused secret"] });
  const settingsOf = (passwordSecret: string) => ({
    host: "127.0.0.1",
    port,
    database: "postgres",
    user: "planted",
    passwordSecret,
  });
  for (const name of ["right", "wrong", "unused", "missing"])
    await admin("POST", "/api/v1/connectors:test", { connector: "postgresql", settings: settingsOf(name) });
  const made = await admin("POST", "/api/v1/sources", {
    source: { displayName: "source", connector: "postgresql", settings: settingsOf("right") },
  });
  const { sourceId } = JSON.parse(made.body).source;
  await admin("POST", "/api/v1/catalog:discover", { sourceId });
  const query = { sourceId, sql: "select count(*) as n from kept" };
  expect((await admin("POST", "/api/v1/execute", query)).body).toContain('"3"');
  const job = await admin("POST", "/api/v1/staging/jobs", { job: { sourceId, tables: ["kept"] } });
  const watched = await admin("GET", `/api/v1/staging/jobs/${JSON.parse(job.body).job.jobId}:watch`);
  expect(watched.body).toContain("JOB_STATE_SUCCEEDED");
  expect((await admin("GET", "/api/v1/secrets")).body).toContain('"right"');
}

/** Requests that can't be read, whose errors tell what is wrong with them. */
async function malformed(admin: Observed): Promise<void> {
  const value = secrets["unused secret"];
  const path = "/api/v1/secrets/unused";
  for (const body of [
    `{"value":"${value}"`,
    `{"value":"${value}",}`,
    JSON.stringify({ value: [value] }),
    JSON.stringify({ value: { value } }),
    JSON.stringify({ value, destinations: value }),
    JSON.stringify({ value, destinations: [{ port: value }] }),
    JSON.stringify({ value: `${value}${"x".repeat(70_000)}` }),
  ]) {
    const answer = await admin("PUT", path, body, {}, { "content-type": "application/json" });
    expect(answer.status, body.slice(0, 80)).toBe(400);
  }
  const password = secrets["user's password"];
  for (const body of [{ email: password }, { email: adminEmail, password: { password } }])
    expect((await admin("POST", tokenPath, body)).status).toBe(400);
}

/** A database with a table and a role that logs in with a password. */
async function startSource(stack: AsyncDisposableStack): Promise<{ port: number; password: string }> {
  const server = stack.use(await startPostgresServer());
  const { port } = stack.use(await forwardTcp(server.url));
  const { username, password: superuser } = new URL(server.url);
  const sql = postgres({
    host: "127.0.0.1",
    port,
    username,
    password: superuser,
    database: "postgres",
    max: 1,
  });
  const password = secrets["database password"];
  await sql.unsafe(`create role planted login password '${password}'`);
  await sql`create table kept as select generate_series(1, 3) as n`;
  await sql`grant select on kept to planted`;
  await sql.end();
  return { port, password };
}

/** Waits until every value is encrypted with the current master key. */
async function reencrypted(mesh: MeshOnFolder): Promise<void> {
  const admin = observed(mesh.url, { authorization: `Bearer ${planted.get("next access token")}` });
  const isRemovable = async () =>
    JSON.parse((await admin("GET", "/api/v1/encryption")).body).decryptionKeyRemovable;
  await expect.poll(isRemovable, { timeout: 60_000, interval: 200 }).toBe(true);
}

test("OK: no secret is in an answer, a log, a trace, a file or a page of the database", {
  timeout: 400_000,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const source = await startSource(stack);
  const traces = stack.use(await startTraceReceiver());
  const { path } = stack.use(await temporaryFolder());
  const { path: mounted } = stack.use(await temporaryFolder());
  const temporary = join(path, "tmp");
  await mkdir(temporary);
  await chmod(temporary, 0o1777);
  await writeFile(join(mounted, "secret_encryption_key"), secrets["master key"]);
  await writeFile(join(mounted, "url_signing_key"), secrets["key of signed URLs"]);
  await writeFile(join(mounted, "approvalserviceapikey"), secrets["key of a secret file"]);
  const env = {
    SECRETS_MNT_PATH: mounted,
    SERVICE_PRINCIPALS: "approvalserviceapikey:main/cr8tor:editor",
    TMPDIR: temporary,
    LOG_LEVEL: "trace",
    OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
    OTEL_BSP_SCHEDULE_DELAY: "100",
  };
  const outputs: string[] = [];
  const kept: string[] = [];
  const running = async (work: (mesh: MeshOnFolder) => Promise<void>) => {
    const mesh = await startOnFolder(path, secrets["administrator's password"], env);
    try {
      await work(mesh);
      kept.push(...plantedBelow(path, planted).found);
    } finally {
      // A server that stops writes all of its pages.
      expect(await mesh.end("SIGTERM", "process"), mesh.output()).toBe(0);
      outputs.push(mesh.output());
    }
  };
  await running(async ({ url }) => {
    await journey(url, source);
    const byFile = observed(url, { "x-api-key": secrets["key of a secret file"] });
    expect((await byFile("GET", "/api/v1/auth/whoami")).status).toBe(200);
  });
  await writeFile(join(mounted, "secret_encryption_key"), secrets["next master key"]);
  await writeFile(join(mounted, "secret_decryption_key"), secrets["master key"]);
  await running(reencrypted);

  const { found, files } = plantedBelow(path, planted);
  expect({
    answers: leaked,
    logs: outputs.flatMap((output) => plantedIn(output, planted)),
    traces: plantedIn(Buffer.concat(traces.bodies), planted),
    files: [...kept, ...found],
  }).toEqual({ answers: [], logs: [], traces: [], files: [] });
  expect(traces.bodies.length).toBeGreaterThan(0);
  expect(files, "the pages of the database are among them").toBeGreaterThan(900);
});

test("OK: the search finds a secret in each form", () => {
  const key = secrets["master key"];
  const secret = secrets["database password"];
  for (const form of [
    key,
    Buffer.from(key, "base64"),
    `x${secret}x`,
    Buffer.from(`pq${secret}`).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ])
    expect(plantedIn(form, planted)).toHaveLength(1);
});
