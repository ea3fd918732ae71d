import { gunzipSync } from "node:zlib";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExecutionService, ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { http1, http2 } from "../edge/lib/raw-http.ts";
import { startTestEdge, type TestEdge, tokenOf } from "../edge/lib/test-edge.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { createHeldSource } from "./held-source.ts";
import {
  configOf,
  createFileSource,
  eventually,
  type Orchestration,
  startOrchestration,
  type User,
} from "./orchestration.ts";
import { arrowOf, parquetOf } from "./result-streams.ts";

// One path, and the format that the caller accepts.

const stack = new AsyncDisposableStack();
let mesh: Orchestration;
let edge: TestEdge;
let user: User;
let sourceId: string;
beforeAll(async () => {
  mesh = stack.use(await startOrchestration());
  const folder = stack.use(await temporaryFolder());
  const config = configOf({ databaseUrl: mesh.config.databaseUrl, folder: folder.path, peers: mesh.peers });
  const service = stack.use(await startService(run, config));
  edge = stack.use(
    await startTestEdge({
      services: [ExecutionService],
      upstreams: { orchestration: service.address },
      cors: { allowedOrigins: ["https://app.example"], allowCredentials: false, maxAgeSeconds: 60 },
    }),
  );
  user = mesh.user();
  sourceId = await createFileSource(mesh, user, "people.csv", "id,name\n1,Ada\n2,\n");
});
afterAll(() => stack.disposeAsync());

const sql = "SELECT * FROM people ORDER BY id";
const csv = "id,name\n1,Ada\n2,\n";
const ndjson = '{"id":"1","name":"Ada"}\n{"id":"2","name":null}\n';

const bodies = [
  ["text/csv", "csv", (bytes: Buffer) => expect(bytes.toString()).toBe(csv)],
  ["application/x-ndjson", "ndjson", (bytes: Buffer) => expect(bytes.toString()).toBe(ndjson)],
  [
    "application/vnd.apache.parquet",
    "parquet",
    async (bytes: Buffer) =>
      expect(await parquetOf({ bytes, headers: {}, contentType: "" })).toMatchObject({
        columns: ["id", "name"],
        rows: [
          { id: 1n, name: "Ada" },
          { id: 2n, name: null },
        ],
      }),
  ],
  [
    "application/vnd.apache.arrow.stream",
    "arrow",
    (bytes: Buffer) =>
      expect(arrowOf({ bytes, headers: {}, contentType: "" }).columns).toEqual([
        [1n, 2n],
        ["Ada", null],
      ]),
  ],
] as const;

const requestOf = (headers: Record<string, string>, body: object = { sourceId, sql }) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...tokenOf(user.who.orgId, user.who.userId), ...headers },
  // Generous, for busy machines.
  body: JSON.stringify({ timeout: "300s", ...body }),
});

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  test.each(bodies)("OK: %s by Accept, by `format=%s`", async (type, name, check) => {
    for (const [path, headers] of [
      ["/api/v1/execute", { accept: `${type}, */*;q=0.1` }],
      [`/api/v1/execute?format=${name}`, { accept: "application/json" }],
    ] as const) {
      const response = await send(edge.port, path, requestOf(headers));
      expect(response.status).toBe(200);
      await check(response.bytes);
      expect(response.headers).toMatchObject({
        "content-type": expect.stringContaining(type),
        "content-length": String(response.bytes.length),
        "content-disposition": expect.stringMatching(/^attachment; filename="[0-9a-f-]{36}\.\w+"$/),
        "sluice-row-count": "2",
        "sluice-truncated": "false",
        vary: expect.stringContaining("Accept"),
      });
      const executionId = String(response.headers["sluice-execution-id"]);
      const { execution } = await user.executions.getExecution({ executionId });
      expect(execution).toMatchObject({ state: 2, rowCount: 2n, truncated: false, sql });
    }
  });

  test("OK: JSON as always, by `format=json` too", async () => {
    for (const [path, headers] of [
      ["/api/v1/execute", {}],
      ["/api/v1/execute", { accept: "*/*" }],
      ["/api/v1/execute?format=json", { accept: "text/csv" }],
    ] as const) {
      const response = await send(edge.port, path, requestOf(headers));
      expect(JSON.parse(response.body)).toMatchObject({
        rows: [
          ["1", "Ada"],
          ["2", null],
        ],
        truncated: false,
      });
      expect(response.headers.vary).toBe("Origin, Accept, Accept-Encoding");
    }
  });

  test.each([
    ["/api/v1/execute", "application/xml"],
    ["/api/v1/execute?format=xlsx", "*/*"],
    ["/api/v1/execute?format=", "text/csv"],
  ])("NotAcceptable: %s as %s", async (path, accept) => {
    const response = await send(edge.port, path, requestOf({ accept }));
    expect(response.status).toBe(406);
    expect(response.body).toContain('"reason":"NOT_ACCEPTABLE"');
    expect(response.body).toContain("application/vnd.apache.arrow.stream");
  });

  test.each(bodies)("errors: as JSON before the first byte of %s", async (accept) => {
    const responses = [
      [{ sourceId, sql: "SELECT nothing FROM people" }, 400, "SQL_INVALID"],
      [
        {
          sourceId,
          sql: "SELECT CASE WHEN range < 999999 THEN range ELSE error('late') END FROM range(1000000)",
        },
        400,
        "SQL_INVALID",
      ],
      [{ sourceId, sql: "DROP TABLE people" }, 400, "STATEMENT_REFUSED"],
      [{ sourceId: crypto.randomUUID(), sql }, 404, undefined],
      [{ sourceId: "x", sql }, 400, undefined],
      [{ sourceId, sql, maxRows: -1 }, 400, undefined],
    ] as const;
    for (const [body, status, reason] of responses) {
      const response = await send(edge.port, "/api/v1/execute", requestOf({ accept }, body));
      expect([response.status, response.headers["content-type"]]).toEqual([status, "application/json"]);
      if (reason) expect(response.body).toContain(`"reason":"${reason}"`);
    }
    const stranger = { ...requestOf({ accept }), headers: { accept, "content-type": "application/json" } };
    expect((await send(edge.port, "/api/v1/execute", stranger)).status).toBe(401);
  });

  test("OK: text in the coding that the caller takes, files as they are", async () => {
    const zipped = await send(
      edge.port,
      "/api/v1/execute",
      requestOf({ accept: "text/csv", "accept-encoding": "gzip" }),
    );
    expect([zipped.headers["content-encoding"], zipped.headers["content-length"]]).toEqual([
      "gzip",
      undefined,
    ]);
    expect(gunzipSync(zipped.bytes).toString()).toBe(csv);
    expect(zipped.headers.vary).toBe("Origin, Accept, Accept-Encoding");
    const parquet = await send(
      edge.port,
      "/api/v1/execute?format=parquet",
      requestOf({ "accept-encoding": "gzip" }),
    );
    expect(parquet.headers["content-encoding"]).toBeUndefined();
    expect(parquet.bytes.subarray(0, 4).toString()).toBe("PAR1");
  });
});

test("InvalidArgument: a format in the body that is not the one that is accepted, or is asked for twice", async () => {
  const body = { sourceId, sql, format: "RESULT_FORMAT_PARQUET" };
  expect((await http1(edge.port, "/api/v1/execute", requestOf({ accept: "text/csv" }, body))).status).toBe(
    400,
  );
  const same = requestOf({ accept: "application/vnd.apache.parquet" }, body);
  expect((await http1(edge.port, "/api/v1/execute", same)).status).toBe(200);
  const twice = await http1(edge.port, "/api/v1/execute?format=csv&format=parquet", requestOf({}));
  expect(twice.status).toBe(400);
  const stranger = { ...requestOf({}), headers: { "content-type": "application/json" } };
  const unauthenticated = await http1(edge.port, "/api/v1/execute?format=csv&format=parquet", stranger);
  expect(unauthenticated.status).toBe(401);
  const other = await http1(edge.port, "/api/v1/execute?format=csv&maxRows=1", requestOf({}));
  expect([other.status, other.body]).toEqual([400, expect.stringContaining("belongs into the body")]);
});

test("OK: over Connect and gRPC", async () => {
  for (const transport of [
    createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1" }),
    createGrpcTransport({ baseUrl: edge.url }),
  ])
    expect(await overRpc(transport)).toEqual(["text/csv; charset=utf-8; header=present", csv]);
});

async function overRpc(transport: Transport): Promise<[string, string]> {
  const chunks: Uint8Array[] = [];
  let type = "";
  const headers = tokenOf(user.who.orgId, user.who.userId);
  const request = { sourceId, sql, format: ResultFormat.CSV };
  for await (const { contentType, data } of createClient(ExecutionService, transport).streamQuery(request, {
    headers,
  })) {
    type ||= contentType;
    chunks.push(data);
  }
  return [type, Buffer.concat(chunks).toString()];
}

test("OK: a page of another origin reads the headers", async () => {
  const response = await http1(
    edge.port,
    "/api/v1/execute",
    requestOf({ accept: "text/csv", origin: "https://app.example" }),
  );
  expect(response.headers["access-control-allow-origin"]).toBe("https://app.example");
  expect(response.headers["access-control-expose-headers"]).toContain("sluice-truncated");
  const options = await http1(edge.port, "/api/v1/execute", { method: "OPTIONS" });
  expect([options.status, options.headers.allow]).toEqual([204, "OPTIONS, POST"]);
});

test("Canceled: an execution of a file is cancelled; its call is told with 409 as JSON", async () => {
  const held = await createHeldSource(mesh, user);
  const call = http1(
    edge.port,
    "/api/v1/execute",
    requestOf({ accept: "text/csv" }, { sourceId: held.sourceId, sql: "FROM held" }),
  );
  const running = async () =>
    (await user.executions.listExecutions({ sourceId: held.sourceId })).executions[0]?.executionId;
  await eventually(running).toBeDefined();
  await user.executions.cancelExecution({ executionId: (await running()) ?? "" });
  const response = await call;
  expect([response.status, response.headers["content-type"]]).toEqual([409, "application/json"]);
  expect(response.body).toContain('"reason":"EXECUTION_CANCELLED"');
  held.release();
});
