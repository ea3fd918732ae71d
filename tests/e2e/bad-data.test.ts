import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listen, type TcpPort } from "../lib/tcp.ts";
import { type Call, caller, logIn, type Problem, problemOf } from "./api.ts";
import { type ObservedMesh, type State, startObservedMesh } from "./observed-mesh.ts";

const password = "a long first password";
const dataSet = (name: string) => readFile(`node_modules/vega-datasets/data/${name}`);
const bytes = { "content-type": "application/octet-stream" };

let mesh: ObservedMesh;
let silent: TcpPort;
let authorization: string;
let call: Call;
let before: State;
/** Ids of sources by their names. */
const sources: Record<string, string> = {};
beforeAll(async () => {
  mesh = await startObservedMesh(password);
  silent = await listen(() => {});
  authorization = `Bearer ${await logIn(mesh.process.url, password)}`;
  call = caller(mesh.process.url, { authorization });
  const flights = await dataSet("flights-3m.parquet");
  await addFile("airports.csv", await dataSet("airports.csv"));
  await addFile("ragged.csv", "a,b\n1,2\n3\n");
  await addFile("empty.csv", "");
  await addFile("half.parquet", flights.subarray(0, flights.byteLength / 2));
  await call("PUT", "/api/v1/secrets/server", {
    value: mesh.server.password,
    destinations: [mesh.server.port, silent.port].map((port) => ({
      connector: "postgresql",
      host: "127.0.0.1",
      port,
    })),
  });
  const warehouse = await mesh.createDatabase("warehouse");
  await warehouse`create table kept as select generate_series(1, 3) as n`;
  await addSource("warehouse", "postgresql", databaseAt(mesh.server.port, "warehouse"));
  await addSource("own", "postgresql", databaseAt(mesh.server.port, "postgres"));
  await addSource("silent", "postgresql", databaseAt(silent.port, "warehouse"));
});
afterAll(async () => {
  await silent?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  before = await mesh.state();
});
// Checked at once, because storage's collector would remove leftovers of a refused request later.
afterEach(async () => {
  await expect.poll(() => mesh.state(), { timeout: 3_000 }).toEqual(before);
  expect((await call("GET", "/health")).status).toBe(200);
});

const databaseAt = (port: number, database: string) => ({
  host: "127.0.0.1",
  port,
  database,
  user: mesh.server.user,
  passwordSecret: "server",
});

async function addFile(name: string, content: string | Buffer): Promise<void> {
  const { body } = await call("POST", `/api/v1/storage/files?name=${name}`, content, bytes);
  await addSource(name, "file", { fileId: JSON.parse(body).file.fileId });
}

async function addSource(displayName: string, connector: string, settings: object): Promise<void> {
  const { body } = await call("POST", "/api/v1/sources", { source: { displayName, connector, settings } });
  sources[displayName] = JSON.parse(body).source.sourceId;
}

const discover = (name: string) => call("POST", "/api/v1/catalog:discover", { sourceId: sources[name] });
const execute = (name: string, sql: string, options: object = {}) =>
  call("POST", "/api/v1/execute", { sourceId: sources[name], sql, ...options });

describe("uploads", () => {
  const upload = (query: string, content: string | Buffer) =>
    call("POST", `/api/v1/storage/files?name=new${query}`, content, bytes);

  test("refused: other bytes than announced", async () => {
    const announced = "0".repeat(64);
    expect(problemOf(await upload(`&sha256=${announced}`, "content")).slice(0, 3)).toEqual([
      400,
      "INVALID_ARGUMENT",
      "CONTENT_MISMATCH",
    ]);
  });

  test("refused: a form that ends in the middle of its file", async () => {
    const form = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,';
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const problem = problemOf(await call("POST", "/api/v1/storage/files", form, headers));
    expect(problem.slice(0, 3)).toEqual([400, "INVALID_ARGUMENT", "body"]);
  });

  test("refused: more than the quota holds", async () => {
    const { quota } = JSON.parse((await call("GET", "/api/v1/storage/quota")).body);
    const setLimit = (limitBytes: string) => call("PUT", "/api/v1/storage/quota", { quota: { limitBytes } });
    const limit = before.quotas.used + 1000;
    await setLimit(String(limit));
    expect(problemOf(await upload("", Buffer.alloc(1001)))).toEqual([
      413,
      "RESOURCE_EXHAUSTED",
      "QUOTA_EXCEEDED",
      `1001 bytes or more are needed; of the quota of ${limit} bytes, ` +
        `${before.quotas.used} are used and 0 reserved by running uploads`,
    ]);
    await setLimit(quota.limitBytes);
  });

  test("nothing remains of an upload whose sender goes away", async () => {
    const { hostname: host, port } = new URL(mesh.process.url);
    const headers = { ...bytes, authorization, "content-length": "100000000" };
    const sender = request({ host, port, path: "/api/v1/storage/files?name=cut", method: "POST", headers });
    sender.on("error", () => {});
    sender.write(Buffer.alloc(8 * 1024 * 1024));
    await expect.poll(() => mesh.state(), { timeout: 20_000 }).not.toEqual(before);
    const closed = new Promise((resolve) => sender.once("close", resolve));
    sender.destroy();
    await closed;
    await expect.poll(() => mesh.state(), { timeout: 20_000 }).toEqual(before);
  });
});

describe("files", () => {
  test.each([
    [
      "ragged.csv",
      `the file "ragged.csv" can't be read: line 3: it has 1 field where the first line has 2: if it is a row, ` +
        "settings.delimiter, quote, escape, comment or skipLines of the source say so",
    ],
    ["empty.csv", `the file "empty.csv" can't be read: the file is empty`],
    [
      "half.parquet",
      `the file "half.parquet" can't be read: it is cut off: it does not end as a Parquet file does`,
    ],
  ])("refused: %s", async (name, message) => {
    const problem: Problem = [400, "FAILED_PRECONDITION", "SOURCE_DATA_INVALID", message];
    expect(problemOf(await discover(name))).toEqual(problem);
    expect(problemOf(await execute(name, "SELECT 1"))).toEqual(problem);
  });
});

describe("statements", () => {
  const one = "one statement at a time, please";
  const reading = "only statements that read are taken: SELECT, WITH, VALUES, TABLE";
  const readingFiles = `${reading}, FROM, DESCRIBE, SUMMARIZE; a PIVOT names its values with IN`;
  test.each([
    ["airports.csv", "SELECT 1; SELECT 2", one],
    ["airports.csv", "COPY (SELECT 1) TO '/tmp/sluice-written'", readingFiles],
    ["airports.csv", "ATTACH '/tmp/sluice-attached'", readingFiles],
    [
      "airports.csv",
      "SELECT * FROM read_csv('/etc/passwd')",
      "the table function read_csv is not available: it reads files",
    ],
    ["warehouse", "SELECT 1; DROP TABLE kept", one],
    ["warehouse", "DROP TABLE kept", reading],
    ["warehouse", "COPY kept TO PROGRAM 'cat'", reading],
    ["warehouse", "WITH gone AS (DELETE FROM kept RETURNING n) SELECT * FROM gone", reading],
  ])("refused on %s: %s", async (name, sql, message) => {
    expect(problemOf(await execute(name, sql))).toEqual([
      400,
      "INVALID_ARGUMENT",
      "STATEMENT_REFUSED",
      message,
    ]);
    expect(JSON.parse((await execute("warehouse", "SELECT count(*) FROM kept")).body).rows).toEqual([["3"]]);
  });

  test.each([
    ["airports.csv", "SELECT count(*) FROM range(1000000000000) AS a, range(1000) AS b"],
    ["warehouse", "SELECT pg_sleep(600)"],
  ])("stopped on %s: %s", async (name, sql) => {
    expect(problemOf(await execute(name, sql, { timeout: "1s" }))).toEqual([
      504,
      "DEADLINE_EXCEEDED",
      "EXECUTION_LIMIT",
      "the statement ran longer than the 1 s that `timeout` allows",
    ]);
  });
});

describe("databases", () => {
  const connect = async (port: number, database: string) => {
    const settings = databaseAt(port, database);
    const { body } = await call("POST", "/api/v1/connectors:test", { connector: "postgresql", settings });
    const { connected, reason } = JSON.parse(body);
    return { connected, reason };
  };

  test("refused: Sluice's own", async () => {
    const message = "this is Sluice's own database: it can't be a source";
    expect(await connect(mesh.server.port, "postgres")).toEqual({ connected: false, reason: message });
    const problem: Problem = [400, "FAILED_PRECONDITION", "ADDRESS_REFUSED", message];
    expect(problemOf(await discover("own"))).toEqual(problem);
    expect(problemOf(await execute("own", "SELECT 1"))).toEqual(problem);
  });

  test("unavailable: a host that does not answer", async () => {
    const message = `127.0.0.1:${silent.port} does not answer within 5 s`;
    expect(await connect(silent.port, "warehouse")).toEqual({ connected: false, reason: message });
    const answer = await discover("silent");
    expect(problemOf(answer)).toEqual([503, "UNAVAILABLE", "SOURCE_UNREACHABLE", message]);
    expect(answer.headers["retry-after"]).toBe("1");
    await expect.poll(() => silent.connections.size).toBe(0);
  });
});

test("OK: none of it was a fault of the server's", () => {
  expect(mesh.process.output()).not.toMatch(/"level":[56]0/);
});
