import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, get } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createMeshCertificate } from "../../services/all-in-one/mesh-certificates.ts";
import { startTelemetry, type Telemetry } from "../../services/lib/process/start-telemetry.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { createAuthority } from "../lib/test-certificates.ts";
import { figuresAt, figuresOf } from "../telemetry/lib/observed-processes.ts";
import { servername, startTlsServer, type TlsTestServer } from "./lib/tls-server.ts";

// Logs and metrics of failed TLS handshakes.

const metric = "sluice_tls_handshakes_failed_total";
const [authority, clients] = [await createAuthority(), await createAuthority()];
const unknown = await createMeshCertificate(authority, "somebody");
const shown = { cert: unknown.certificatePem, key: unknown.privateKeyPem };

let telemetry: Telemetry;
let tls: TlsTestServer;
beforeAll(async () => {
  const settings = parseTelemetry({ ADMIN_LISTEN: "127.0.0.1:0" });
  telemetry = await startTelemetry("test", settings, pino({ level: "silent" }));
});
afterAll(() => telemetry[Symbol.asyncDispose]());
beforeEach(async () => {
  tls = await startTlsServer(authority);
});
afterEach(() => tls[Symbol.asyncDispose]());

const counted = async () => figuresOf(await figuresAt(telemetry.adminAddress ?? ""), metric);

async function handshake(options: ConnectionOptions): Promise<void> {
  const { port } = tls;
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    ca: authority.certificatePem,
    servername,
    ...options,
  });
  socket.on("error", () => undefined);
  // In TLS 1.3, a client is refused after its side of the handshake is complete.
  socket.resume();
  await closed(socket);
}

/** Resolves on close, even after an error. */
const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once("close", resolve));

/** Sends bytes that are not TLS, and waits until the server closes the connection. */
async function say(text: string): Promise<void> {
  const socket = connectTcp(tls.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(text);
  socket.resume();
  await closed(socket);
}

const required = { clientCaPem: clients.certificatePem } as const;
const optional = { ...required, clientCertificates: "optional" } as const;

test.each([
  [
    "version",
    {},
    () => handshake({ maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
    "ERR_SSL_UNSUPPORTED_PROTOCOL",
  ],
  [
    "cipher",
    {},
    () => handshake({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" }),
    "ERR_SSL_NO_SHARED_CIPHER",
  ],
  ["protocol", {}, () => handshake({ ALPNProtocols: ["spdy/1"] }), "ERR_SSL_NO_APPLICATION_PROTOCOL"],
  ["cleartext", {}, () => say("GET /?token=secret HTTP/1.1\r\nHost: x\r\n\r\n"), "ERR_SSL_HTTP_REQUEST"],
  ["cleartext", {}, () => say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "ERR_SSL_WRONG_VERSION_NUMBER"],
  ["certificate missing", required, () => handshake({}), "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"],
  ["certificate refused", required, () => handshake(shown), expect.any(String)],
  ["certificate refused", required, () => handshake({ ...shown, maxVersion: "TLSv1.2" }), expect.any(String)],
  ["certificate refused", optional, () => handshake(shown), expect.any(String)],
] as const)("OK: %s is told once, with the address, and counted", async (reason, clients, work, code) => {
  await tls[Symbol.asyncDispose]();
  tls = await startTlsServer(authority, clients);
  const key = `${metric}{server="edge",reason="${reason}"}`;
  const before = (await counted())[key] ?? 0;
  await work();
  await expect.poll(async () => (await counted())[key]).toBe(before + 1);
  const told = { msg: "TLS handshake failed", level: 30, address: "127.0.0.1", reason, code };
  expect(tls.log).toEqual([expect.objectContaining(told)]);
  expect(JSON.stringify(tls.log)).not.toContain("secret");
});

test("OK: who says nothing in time is told, and who only looks whether the port is open is not", async () => {
  await tls[Symbol.asyncDispose]();
  tls = await startTlsServer(authority, {}, { headersMs: 1_000 });
  const looking = connectTcp(tls.port, "127.0.0.1");
  await once(looking, "connect");
  looking.destroy();
  await say("");
  await expect.poll(() => tls.log).toMatchObject([{ reason: "timeout", address: "127.0.0.1" }]);
});

test("OK: connections that are silent instead of a handshake give up their places to others", async () => {
  await tls[Symbol.asyncDispose]();
  tls = await startTlsServer(authority, {}, { connectionsMax: 3 });
  const ask = () => {
    const agent = new Agent({ ca: authority.certificatePem, servername, keepAlive: true, maxSockets: 1 });
    const call = async () => {
      const request = get({ host: "127.0.0.1", port: tls.port, path: "/", agent });
      const [response] = (await once(request, "response")) as [IncomingMessage];
      return text(response);
    };
    return { agent, call };
  };
  const honest = ask();
  expect(await honest.call()).toBe("done");
  const silent = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = connectTcp(tls.port, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      return socket;
    }),
  );
  const other = ask();
  expect(await other.call()).toBe("done");
  // A connection with requests keeps its place.
  expect(await honest.call()).toBe("done");
  for (const socket of silent) socket.destroy();
  for (const { agent } of [honest, other]) agent.destroy();
});

test("OK: a flood of them fills no log, and none is forgotten", async () => {
  const calls = 150;
  const begunMs = Date.now();
  await Promise.all(Array.from({ length: calls }, () => say("GET / HTTP/1.1\r\n\r\n")));
  const sum = () =>
    tls.log.reduce((total, { leftOut, reason }) => total + (Number(leftOut) || 0) + (reason ? 1 : 0), 0);
  await expect.poll(sum).toBe(calls);
  const seconds = Math.ceil((Date.now() - begunMs) / 1000);
  const named = tls.log.filter(({ reason }) => reason).length;
  expect(named).toBeGreaterThanOrEqual(10);
  expect(named).toBeLessThanOrEqual(10 * (seconds + 1));
});
