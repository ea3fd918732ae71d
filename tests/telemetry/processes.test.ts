import { afterAll, beforeAll, expect, test } from "vitest";
import { bootstrapEmail, password } from "../identity/fixtures.ts";
import {
  figuresAt,
  figuresOf,
  grpcCall,
  type ObservedProcesses,
  startObservedProcesses,
} from "./lib/observed-processes.ts";
import { kinds, treeOf } from "./lib/trace-receiver.ts";

const who = "sluice.identity.v1.AuthService/WhoAmI";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const callersSpan = "b7ad6b7169203331";

let processes: ObservedProcesses;
let token: string;

beforeAll(async () => {
  processes = await startObservedProcesses();
  const answer = await fetch(`${processes.url}/api/v1/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: bootstrapEmail, password }),
  });
  const body = (await answer.json()) as { accessToken: string };
  token = body.accessToken;
  expect(token).toEqual(expect.any(String));
});

afterAll(async () => {
  await processes[Symbol.asyncDispose]();
});

test("OK: a REST call is one trace from its caller through edge and service to SQL", async () => {
  const { receiver, url } = processes;
  await fetch(`${url}/api/v1/users/me`, {
    headers: {
      authorization: `Bearer ${token}`,
      traceparent: `00-${traceId}-${callersSpan}-01`,
      tracestate: "vendor=1",
    },
  });
  const ours = () => receiver.spans.filter((span) => span.traceId === traceId);
  const first = () => ours().find(({ parentSpanId }) => parentSpanId === callersSpan);
  await expect.poll(() => first()).toBeDefined();
  const root = first();
  if (!root) throw new Error("no span");
  await expect
    .poll(() => treeOf(ours(), root))
    .toEqual([
      "sluice-edge: GET /api/v1/users/me",
      [
        "sluice-edge: sluice.identity.v1.PolicyService/VerifyCredential",
        [
          "sluice-edge: sluice.identity.v1.PolicyService/VerifyCredential",
          [
            "sluice-identity: sluice.identity.v1.PolicyService/VerifyCredential",
            // The login with its user, and the grants of the user and the user's groups.
            ["sluice-identity: SELECT identity"],
            ["sluice-identity: SELECT identity"],
          ],
        ],
      ],
      [
        "sluice-edge: sluice.identity.v1.UserService/GetMe",
        [
          "sluice-edge: sluice.identity.v1.UserService/GetMe",
          ["sluice-identity: sluice.identity.v1.UserService/GetMe", ["sluice-identity: SELECT identity"]],
        ],
      ],
    ]);
  expect(root).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    kind: kinds.server,
    status: 0,
    attributes: {
      "http.request.method": "GET",
      "http.route": "/api/v1/users/me",
      "http.response.status_code": 200,
      "network.protocol.version": "1.1",
      "rpc.status_code": "OK",
      "sluice.protocol": "rest",
    },
  });
  const statement = ours().find(({ name }) => name.startsWith("SELECT"));
  expect(statement).toMatchObject({
    kind: kinds.client,
    attributes: { "db.system.name": "postgresql", "db.query.text": expect.stringMatching(/\$1/) },
  });
});

test("OK: what is sent of a call holds none of its secrets", async () => {
  const { receiver } = processes;
  const isLogin = ({ name }: { name: string }) => name === "POST /api/v1/auth/token";
  await expect.poll(() => receiver.spans.some(isLogin)).toBe(true);
  const sent = Buffer.concat(receiver.bodies).toString("latin1");
  expect(sent).toContain("sluice.identity.v1.AuthService/IssueToken");
  for (const secret of [password, token, bootstrapEmail]) expect(sent).not.toContain(secret);
});

test("OK: the metrics of edge and service count exactly what was called", async () => {
  const { url, edgeAdmin, identityAdmin } = processes;
  const before = { edge: await figuresAt(edgeAdmin), identity: await figuresAt(identityAdmin) };
  const authorization = `Bearer ${token}`;
  for (let call = 0; call < 3; call += 1) {
    await (await fetch(`${url}/api/v1/auth/whoami`, { headers: { authorization } })).text();
  }
  await (await fetch(`${url}/api/v1/auth/whoami`, { headers: { authorization: "Bearer none" } })).text();
  await (await fetch(`${url}/nowhere/${token}`)).text();
  expect(await grpcCall(url, `/${who}`, { authorization })).toBe("0");
  expect(await grpcCall(url, `/${who}`, {})).toBe("16");
  expect(await grpcCall(url, "/sluice.identity.v1.AuthService/Nothing", {})).toBe("12");
  const counted = async (admin: string, earlier: ReadonlyMap<string, number>, name: string) => {
    const now = Object.entries(figuresOf(await figuresAt(admin), name));
    const grown = now.map(
      ([key, value]) => [key.slice(name.length), value - (earlier.get(key) ?? 0)] as const,
    );
    return Object.fromEntries(grown.filter(([, value]) => value !== 0));
  };
  // A response is counted after its end, which the client can see first.
  await expect
    .poll(() => counted(edgeAdmin, before.edge, "sluice_edge_requests_total"))
    .toEqual({
      [`{method="${who}",protocol="rest",code="OK"}`]: 3,
      [`{method="${who}",protocol="rest",code="UNAUTHENTICATED"}`]: 1,
      [`{method="${who}",protocol="grpc",code="OK"}`]: 1,
      [`{method="${who}",protocol="grpc",code="UNAUTHENTICATED"}`]: 1,
      '{method="unknown",protocol="rest",code="NOT_FOUND"}': 1,
      '{method="unknown",protocol="grpc",code="UNIMPLEMENTED"}': 1,
    });
  expect(await counted(edgeAdmin, before.edge, "sluice_edge_request_seconds_count")).toEqual({
    [`{method="${who}",protocol="rest"}`]: 4,
    [`{method="${who}",protocol="grpc"}`]: 2,
    '{method="unknown",protocol="rest"}': 1,
    '{method="unknown",protocol="grpc"}': 1,
  });
  expect(await counted(edgeAdmin, before.edge, "sluice_edge_request_bytes_total")).toMatchObject({
    [`{method="${who}",protocol="grpc"}`]: 10,
  });
  await expect
    .poll(() => counted(identityAdmin, before.identity, "sluice_rpc_requests_total"))
    .toMatchObject({ [`{method="${who}",code="OK"}`]: 4 });
  await expect
    .poll(() => counted(edgeAdmin, before.edge, "sluice_upstream_requests_total"))
    .toMatchObject({ '{caller="edge",peer="identity",code="UNAUTHENTICATED"}': 1 });
  await expect.poll(async () => (await figuresAt(edgeAdmin)).get("sluice_edge_requests_in_flight")).toBe(0);
  expect([...(await figuresAt(edgeAdmin)).keys()].join("\n")).not.toContain(token);
});

test("OK: an admin port tells of the process, its connections and its database", async () => {
  const { edgeAdmin, identityAdmin } = processes;
  // The service may be sweeping expired rows.
  await expect
    .poll(async () => figuresOf(await figuresAt(identityAdmin), "sluice_db_pool_connections"))
    .toEqual({
      // Deletions of namespaces are jobs.
      'sluice_db_pool_connections{service="identity",pool="jobs",state="max"}': 4,
      'sluice_db_pool_connections{service="identity",pool="jobs",state="used"}': 0,
      'sluice_db_pool_connections{service="identity",pool="jobs",state="waiting"}': 0,
      'sluice_db_pool_connections{service="identity",pool="service",state="max"}': 10,
      'sluice_db_pool_connections{service="identity",pool="service",state="used"}': 0,
      'sluice_db_pool_connections{service="identity",pool="service",state="waiting"}': 0,
    });
  const identity = await figuresAt(identityAdmin);
  const [build] = Object.entries(figuresOf(identity, "sluice_build_info"));
  expect(build).toEqual([expect.stringContaining('process="identity"'), 1]);
  expect(identity.get("nodejs_eventloop_lag_seconds")).toEqual(expect.any(Number));
  expect((await fetch(`${identityAdmin}/readyz`)).status).toBe(200);
  // The services at the edge's addresses are not running.
  const ready = await fetch(`${edgeAdmin}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: "NOT_SERVING", parts: { edge: false } },
  ]);
  expect((await fetch(`${edgeAdmin}/healthz`)).status).toBe(200);
});
