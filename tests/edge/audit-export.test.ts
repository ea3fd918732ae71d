import { once } from "node:events";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { beforeAll, expect, test } from "vitest";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { insertEvents } from "../identity/audit-scene.ts";
import { bootstrapEmail, encryptionKey, logInAs, password } from "../identity/fixtures.ts";
import { forFile } from "../lib/for-file.ts";
import { peakMemoryBytes } from "../lib/proc.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { spawnService } from "../lib/service-process.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { http1 } from "./lib/raw-http.ts";
import { startTestEdge } from "./lib/test-edge.ts";

const eventCount = 100_000;
/** Maximum growth of memory by an export of 80 MB, in bytes. */
const growthMax = 48 * 1024 * 1024;

const database = forFile(createTestDatabase);
const identity = forFile(() =>
  spawnService("identity", {
    GRPC_LISTEN: "127.0.0.1:0",
    DATABASE_URL: database().urls.identity,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.identity,
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    SECRET_ENCRYPTION_KEY: encryptionKey,
    BOOTSTRAP_ADMIN_PASSWORD: password,
    ...serviceAddresses("127.0.0.1:1"),
  }),
);
const edge = forFile(() =>
  startTestEdge({ services: [AuthService, AuditService], upstreams: { identity: identity().address } }),
);

let headers: Record<string, string>;
beforeAll(async () => {
  const { orgId } = await logInAs(identity(), { email: bootstrapEmail });
  await insertEvents({ database: database() }, orgId, {
    count: eventCount,
    from: 1000,
    kind: "user.updated",
  });
  const response = await http1(edge().port, "/api/v1/auth/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: bootstrapEmail, password }),
  });
  headers = { authorization: `Bearer ${JSON.parse(response.body).accessToken}` };
});

/** Reads an export line by line. Returns the first line, the number of lines and of bytes. */
async function exported(path: string, accept: string) {
  const sent = request({ host: "127.0.0.1", port: edge().port, path, headers: { ...headers, accept } }).end();
  const [response] = await once(sent, "response");
  let [first, count, bytes] = ["", 0, 0];
  for await (const line of createInterface({ input: response })) {
    first ||= line;
    count += 1;
    bytes += line.length + 1;
  }
  return { status: response.statusCode, type: response.headers["content-type"], first, count, bytes };
}

test("OK: 100,000 events go out as NDJSON over REST within bounded memory", async () => {
  const path = "/api/v1/audit?kinds=user.updated";
  // The first exports enlarge the heap to what it is from then on.
  for (let warming = 0; warming < 3; warming += 1) await exported(path, "application/x-ndjson");
  const before = await peakMemoryBytes(identity().pid);
  const { first, bytes, ...rest } = await exported(path, "application/x-ndjson");
  const growth = (await peakMemoryBytes(identity().pid)) - before;
  expect(rest).toEqual({ status: 200, type: "application/x-ndjson", count: eventCount });
  expect(bytes).toBeGreaterThan(50_000_000);
  expect(growth).toBeLessThan(growthMax);
  const page = await http1(edge().port, `${path}&pageSize=1`, { headers });
  expect(JSON.parse(page.body).events).toEqual([JSON.parse(first)]);
}, 120_000);

test("OK: the query's format instead of the header, and filters of repeated kinds and of times", async () => {
  const range = "startTime=2026-01-01T00:00:00.400Z&endTime=2026-01-01T00:00:00.410Z";
  const path = `/api/v1/audit?kinds=user.updated&kinds=user.created&${range}`;
  expect(await exported(`${path}&format=ndjson`, "*/*")).toMatchObject({ status: 200, count: 30 });
  const page = await http1(edge().port, path, { headers });
  expect(JSON.parse(page.body).events).toHaveLength(30);
});

test("OK: the event of a login has the address that the edge saw, whatever the client sends", async () => {
  await http1(edge().port, "/api/v1/auth/token", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-sluice-client-address": "198.51.100.1",
      "x-request-id": "mine",
    },
    body: JSON.stringify({ email: bootstrapEmail, password }),
  });
  const page = await http1(edge().port, "/api/v1/audit?kinds=login&pageSize=1", { headers });
  const { events } = JSON.parse(page.body);
  expect(events).toMatchObject([
    { kind: "login", clientAddress: "127.0.0.1", method: "AUDIT_METHOD_PASSWORD" },
  ]);
});

test("Unavailable: 503 that names a service that is away, in both representations", async () => {
  for (const path of ["/api/v1/audit", "/api/v1/audit?format=ndjson", "/api/v1/audit:verify"]) {
    const { status, body } = await http1(edge().port, path, { headers });
    expect([status, JSON.parse(body).error.message]).toEqual([
      503,
      expect.stringMatching(/^(approval|storage) does not answer$/),
    ]);
  }
});
