import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { expect, test } from "vitest";
import { addReadinessCheck } from "../../services/lib/admin/readiness.ts";
import { startTelemetry, type Telemetry } from "../../services/lib/process/start-telemetry.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const token = "0123456789abcdef";
const log = pino({ level: "silent" });

const start = (env: Record<string, string>): Promise<Telemetry> =>
  startTelemetry("test", parseTelemetry({ ADMIN_LISTEN: "127.0.0.1:0", ...env }), log);

type Asked = { method?: string; headers?: Record<string, string> };

async function ask(address: string | undefined, path: string, asked: Asked = {}) {
  const where = address?.startsWith("unix:")
    ? { socketPath: address.slice("unix:".length) }
    : { port: Number(new URL(address ?? "").port), host: "127.0.0.1" };
  const sent = request({ ...where, path, agent: false, ...asked });
  sent.end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode as number, headers: response.headers, body: await text(response) };
}

async function statuses(address: string | undefined, paths: readonly string[], asked: Asked = {}) {
  const answered: number[] = [];
  for (const path of paths) answered.push((await ask(address, path, asked)).status);
  return answered;
}

const paths = ["/metrics", "/healthz", "/readyz", "/debug/profile?seconds=0.01", "/debug/heap?seconds=0.01"];

test("OK: without ADMIN_LISTEN there is no port", async () => {
  await using telemetry = await startTelemetry("test", parseTelemetry({}), log);
  expect(telemetry.adminAddress).toBeUndefined();
});

test("404: profiles are closed unless they are opened, and other paths are nothing", async () => {
  await using telemetry = await start({});
  expect(await statuses(telemetry.adminAddress, paths)).toEqual([200, 200, 503, 404, 404]);
  expect(await statuses(telemetry.adminAddress, ["/", "/debug", "/__proto__", "/constructor"])).toEqual([
    404, 404, 404, 404,
  ]);
});

test("401: with a token nothing but whether all is well is told without it", async () => {
  await using telemetry = await start({ ADMIN_PROFILING: "on", admin_token: token });
  const { adminAddress: address } = telemetry;
  expect(await statuses(address, paths)).toEqual([401, 200, 503, 401, 401]);
  for (const authorization of [`Bearer ${token}x`, "Bearer ", token, `Basic ${token}`]) {
    expect(await statuses(address, ["/metrics"], { headers: { authorization } })).toEqual([401]);
  }
  const headers = { authorization: `Bearer ${token}` };
  expect(await statuses(address, paths, { headers })).toEqual([200, 200, 503, 200, 200]);
  expect((await ask(address, "/readyz")).body).toBe('{"status":"NOT_SERVING"}');
  expect((await ask(address, "/metrics")).headers["www-authenticate"]).toBe("Bearer");
});

test("421: a page in a browser does not get through by a name of its own", async () => {
  await using telemetry = await start({});
  const { adminAddress: address } = telemetry;
  for (const host of ["rebound.example.org", "rebound.example.org:9464", "127.0.0.1.example.org"]) {
    expect((await ask(address, "/metrics", { headers: { host } })).status).toBe(421);
  }
  for (const host of ["localhost:9464", "127.0.0.1", "[::1]:9464"]) {
    expect((await ask(address, "/metrics", { headers: { host } })).status).toBe(200);
  }
});

test("405: nothing but GET and HEAD is taken", async () => {
  await using telemetry = await start({});
  const { status, headers } = await ask(telemetry.adminAddress, "/metrics", { method: "POST" });
  expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  expect(await ask(telemetry.adminAddress, "/healthz", { method: "HEAD" })).toMatchObject({
    status: 200,
    body: "",
  });
});

test.each([["0.0.0.0:9464"], ["[::]:9464"], ["10.0.0.1:9464"], ["admin.example.org:9464"]])(
  "ConfigError: %s needs a token",
  (listen) => {
    expect(() => parseTelemetry({ ADMIN_LISTEN: listen })).toThrow("admin_token: is required");
    expect(parseTelemetry({ ADMIN_LISTEN: listen, admin_token: token }).admin?.token).toBe(token);
  },
);

test("OK: loopback addresses and unix sockets need none", () => {
  for (const listen of ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "localhost:1", "unix:/run/admin.sock"]) {
    expect(parseTelemetry({ ADMIN_LISTEN: listen }).admin).toEqual({
      listen,
      token: undefined,
      profiling: false,
    });
  }
});

test("ConfigError: names every problem at once", () => {
  const problems = () =>
    parseTelemetry({
      ADMIN_LISTEN: "everywhere",
      ADMIN_PROFILING: "maybe",
      admin_token: "short",
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_TRACES_SAMPLER: "jaeger_remote",
      OTEL_TRACES_SAMPLER_ARG: "2",
      EDGE_TRACES_PER_SECOND: "many",
    });
  for (const name of [
    "ADMIN_LISTEN",
    "ADMIN_PROFILING",
    "admin_token",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "EDGE_TRACES_PER_SECOND",
  ]) {
    expect(problems).toThrow(`  ${name}: `);
  }
});

test("OK: a process is ready when it has started and each of its parts is", async () => {
  await using telemetry = await start({});
  const { adminAddress: address } = telemetry;
  let isWell = true;
  using _check = addReadinessCheck("heart", () => isWell);
  expect(await ask(address, "/readyz")).toMatchObject({ status: 503 });
  telemetry.ready();
  expect(await ask(address, "/readyz")).toMatchObject({
    status: 200,
    body: '{"status":"SERVING","parts":{"heart":true}}',
  });
  isWell = false;
  expect(await ask(address, "/readyz")).toMatchObject({ status: 503 });
});

test("OK: a unix socket that a killed process left behind is taken over, one in use is not", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "admin.sock");
  const code = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("listens"))`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(start({ ADMIN_LISTEN: `unix:${path}` })).rejects.toThrow("EADDRINUSE");
  child.kill("SIGKILL");
  await once(child, "exit");
  await using telemetry = await start({ ADMIN_LISTEN: `unix:${path}` });
  expect((await ask(telemetry.adminAddress, "/healthz")).status).toBe(200);
});

test("OK: profiles are what developer tools read, and have nothing of what stands in memory", async () => {
  await using telemetry = await start({ ADMIN_PROFILING: "on" });
  const { adminAddress: address } = telemetry;
  const cpu = await ask(address, "/debug/profile?seconds=0.05");
  expect(cpu.headers["content-disposition"]).toContain(".cpuprofile");
  expect(JSON.parse(cpu.body)).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) });
  const secret = `in-memory-${process.pid}`;
  const heap = await ask(address, "/debug/heap?seconds=0.05");
  expect(heap.headers["content-disposition"]).toContain(".heapprofile");
  expect(JSON.parse(heap.body)).toMatchObject({ head: expect.any(Object) });
  expect(heap.body).not.toContain(secret);
});

test("400: a profile has an end", async () => {
  await using telemetry = await start({ ADMIN_PROFILING: "on" });
  for (const seconds of ["0", "-1", "61", "1e9", "NaN", "x", ""]) {
    const { status, body } = await ask(telemetry.adminAddress, `/debug/profile?seconds=${seconds}`);
    expect([status, body]).toEqual([400, "seconds: must be a number above 0, up to 60\n"]);
  }
});

test("409: one profile at a time; it ends when its reader goes away", async () => {
  await using telemetry = await start({ ADMIN_PROFILING: "on" });
  const { adminAddress: address } = telemetry;
  const first = request(`${address}/debug/profile?seconds=60`, { agent: false }).end();
  await once(first, "finish");
  // Requests are handled in the order of arrival, so the first one is running by then.
  await ask(address, "/healthz");
  const second = async () => (await ask(address, "/debug/heap?seconds=0.01")).status;
  expect(await second()).toBe(409);
  first.on("error", () => undefined).destroy();
  await expect.poll(second).toBe(200);
});
