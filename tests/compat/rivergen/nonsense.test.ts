import type { ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { parseConfig as parseEdgeConfig } from "../../../edge/config.ts";
import { run as runEdge } from "../../../edge/run.ts";
import { startRawUpstream } from "../../edge/lib/raw-upstream.ts";
import { forFile } from "../../lib/for-file.ts";
import { freePort } from "../../lib/free-port.ts";
import { startService } from "../../lib/test-mesh.ts";
import { adminEmail, commonEnv, password, startCompatMesh } from "../mesh.ts";
import { nonsense } from "../nonsense.ts";
import { bearer, native, send } from "./fixtures.ts";
import { problem } from "./row.ts";

type Serve = (stream: ServerHttp2Stream) => void;

/** Identity and compat behind an edge, with one server for every other service. */
const scene = forFile(async () => {
  const stack = new AsyncDisposableStack();
  let serve: Serve = (stream) => stream.close();
  const server = stack.use(await startRawUpstream((stream) => serve(stream)));
  const port = await freePort();
  const mesh = stack.use(
    await startCompatMesh({
      COMPAT_APIS: "rivergen",
      RIVERGEN_PORTS: String(port),
      ORCHESTRATION_ADDRESS: server.address,
      STORAGE_ADDRESS: server.address,
      STAGING_ADDRESS: server.address,
    }),
  );
  const target = { port: mesh.port, ports: [port, port, port] as const };
  const login = { json: { email: adminEmail, password } };
  const { accessToken } = await native(target, "POST /api/v1/auth/token", login);
  return {
    port,
    headers: bearer(accessToken),
    answerWith(other: Serve) {
      serve = other;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

const internal = problem("INTERNAL_ERROR", expect.stringMatching(/^internal error/));

test.each(nonsense)("Internal: the services answer compat %s", async (_, serve) => {
  const { port, headers, answerWith } = scene();
  answerWith(serve);
  for (const path of [
    "/api/v1/connectors",
    "/api/v1/storage/quota",
    "/api/v1/storage/files",
    "/api/v1/staging/jobs",
  ]) {
    const { status, body } = await send(port, `GET ${path}`, { headers });
    expect([path, status, JSON.parse(body)]).toEqual([path, 500, internal]);
  }
});

test.each(nonsense)("Internal: storage answers an upload with %s", async (_, serve) => {
  const { port, headers, answerWith } = scene();
  answerWith(serve);
  const upload = await send(port, "POST /api/v1/storage/upload", { headers, form: { file: "x" } });
  expect([upload.status, JSON.parse(upload.body)]).toEqual([500, internal]);
});

// A page is also what a proxy before a stopped process answers, so the edge takes it for one: that is Unavailable.
const ofGrpc = nonsense.filter(([name]) => name !== "a page");

test.each(ofGrpc)("Internal: compat answers the edge %s", async (_, serve) => {
  await using stack = new AsyncDisposableStack();
  const compat = stack.use(await startRawUpstream(serve));
  const port = await freePort();
  const env = {
    ...commonEnv("edge"),
    COMPAT_ADDRESS: compat.address,
    COMPAT_APIS: "rivergen",
    RIVERGEN_PORTS: String(port),
    EDGE_PORT: "0",
  };
  stack.use(await startService(runEdge, parseEdgeConfig(env)));
  const { status, body } = await send(port, "GET /health");
  expect([status, JSON.parse(body)]).toEqual([500, internal]);
});
