import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent, get, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { parseConfig } from "../../edge/config.ts";
import type { ClientCertificates } from "../../edge/listen/tls-context.ts";
import { run } from "../../edge/run.ts";
import { createMeshCertificate } from "../../services/all-in-one/mesh-certificates.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { certificateFolder, contentsFor, createAuthority } from "../lib/test-certificates.ts";
import { meshKeys, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { http2On } from "./lib/raw-http.ts";
import { servername, startTlsServer as startServerOf } from "./lib/tls-server.ts";

const stack = { current: new AsyncDisposableStack() };
afterEach(async () => {
  await stack.current.disposeAsync();
  stack.current = new AsyncDisposableStack();
});

const authority = await createAuthority();
const ca = authority.certificatePem;
/** A server with a certificate of the authority that responds to every request. */
const startTlsServer = async (
  clients: { clientCaPem?: string; clientCertificates?: ClientCertificates } = {},
) => stack.current.use(await startServerOf(authority, clients));

async function fetchTls(options: RequestOptions): Promise<string> {
  const [response] = await once(
    get({ host: "127.0.0.1", path: "/", ca, servername, ...options }),
    "response",
  );
  return text(response);
}

async function handshake(port: number, options: object): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", ca, servername, ...options });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}

const serialOf = (socket: TLSSocket): string =>
  (socket.getPeerCertificate() as DetailedPeerCertificate).serialNumber;

function openSession(port: number): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername });
  stack.current.defer(() => session.close());
  return session;
}

test("OK: ALPN decides between HTTP/2 and HTTP/1.1, and without it the first bytes do", async () => {
  const { port } = await startTlsServer();
  const session = openSession(port);
  expect((await http2On(session, "/")).body).toBe("done");
  expect(session.alpnProtocol).toBe("h2");
  expect(await fetchTls({ port, agent: new Agent({ ALPNProtocols: ["http/1.1"] }) })).toBe("done");
  const socket = await handshake(port, {});
  expect(socket.alpnProtocol).toBe(false);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
});

test.each([
  ["TLS 1.1", { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }],
  ["CBC", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA" }],
])("Refused: %s", async (_, options) => {
  const { port } = await startTlsServer();
  await expect(handshake(port, options)).rejects.toThrow(/alert|protocol|version|ECONNRESET/);
});

test("OK: TLS 1.2 with forward secrecy", async () => {
  const { port } = await startTlsServer();
  const socket = await handshake(port, { maxVersion: "TLSv1.2" });
  expect([socket.getProtocol(), socket.getCipher().name]).toEqual([
    "TLSv1.2",
    expect.stringMatching(/^ECDHE-.*(GCM|POLY1305)/),
  ]);
  socket.destroy();
});

type RawResponse = "done" | "refused";
test.each<[ClientCertificates | undefined, { known: RawResponse; none: RawResponse; unknown: RawResponse }]>([
  [undefined, { known: "done", none: "refused", unknown: "refused" }],
  ["required", { known: "done", none: "refused", unknown: "refused" }],
  ["optional", { known: "done", none: "done", unknown: "refused" }],
  ["none", { known: "done", none: "done", unknown: "done" }],
])("OK: with client certificates %s, whoever has none or one that nobody knows", async (wanted, answers) => {
  const clients = await createAuthority();
  const { port } = await startTlsServer({
    clientCaPem: clients.certificatePem,
    ...(wanted && { clientCertificates: wanted }),
  });
  const known = await createMeshCertificate(clients, "somebody");
  const unknown = await createMeshCertificate(authority, "somebody");
  const as = (pair?: typeof known) =>
    Promise.all(
      (["TLSv1.2", "TLSv1.3"] as const).map((version) =>
        fetchTls({
          port,
          agent: false,
          maxVersion: version,
          minVersion: version,
          ...(pair && { cert: pair.certificatePem, key: pair.privateKeyPem }),
        }).catch(() => "refused"),
      ),
    );
  expect({ known: await as(known), none: await as(), unknown: await as(unknown) }).toEqual({
    known: [answers.known, answers.known],
    none: [answers.none, answers.none],
    unknown: [answers.unknown, answers.unknown],
  });
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    ca,
    servername,
    cert: unknown.certificatePem,
    key: unknown.privateKeyPem,
  });
  session.on("error", () => undefined);
  const gone = new Promise<string>((resolve) => session.once("close", () => resolve("refused")));
  const body = http2On(session, "/").then((answer) => answer.body);
  expect(await Promise.race([body.catch(() => gone), gone])).toBe(answers.unknown);
  session.destroy();
});

test("OK: connections that there are go on with the old certificate, new ones get the new one", async () => {
  const { server, port } = await startTlsServer();
  const before = await handshake(port, {});
  const session = openSession(port);
  await http2On(session, "/");
  server.renewTls(await createMeshCertificate(authority, "edge"));
  const after = await handshake(port, {});
  expect(serialOf(after)).not.toBe(serialOf(before));
  expect((await http2On(session, "/")).body).toBe("done");
  before.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(await text(before)).toMatch(/^HTTP\/1\.1 200 OK/);
  after.destroy();
});

const nowhere = "127.0.0.1:1";
const env = {
  EDGE_PORT: "0",
  ...serviceAddresses(nowhere),
  LOG_LEVEL: "silent",
  mesh_private_key: meshKeys.privateKeys.edge ?? "",
};

test("OK: the running edge takes up certificates whose files were swapped", async () => {
  const folder = stack.current.use(await temporaryFolder());
  const files = await certificateFolder(folder.path, await contentsFor(authority, "edge"));
  const settings = { ...env, TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile };
  const edge = stack.current.use(await startService(run, parseConfig(settings)));
  const port = Number(new URL(edge.address).port);
  expect(edge.address).toMatch(/^https:/);
  const serial = async () => {
    const socket = await handshake(port, {});
    const found = serialOf(socket);
    socket.destroy();
    return found;
  };
  const first = await serial();
  await files.swap(await contentsFor(authority, "edge"));
  await expect.poll(serial, { timeout: 60_000, interval: 200 }).not.toBe(first);
});

test("ConfigError: TLS settings that only work together", () => {
  expect(() => parseConfig({ ...env, TLS_CERT_FILE: "/c" })).toThrow(
    "TLS_KEY_FILE: is required with TLS_CERT_FILE",
  );
  expect(() => parseConfig({ ...env, TLS_CLIENT_CA_FILE: "/c" })).toThrow(
    "TLS_CERT_FILE, TLS_KEY_FILE: are required with TLS_CLIENT_CA_FILE",
  );
  const edgeFiles = { TLS_CERT_FILE: "/c", TLS_KEY_FILE: "/k" };
  for (const wanted of ["optional", "required"]) {
    expect(() => parseConfig({ ...env, ...edgeFiles, TLS_CLIENT_CERTIFICATES: wanted })).toThrow(
      `TLS_CLIENT_CA_FILE: is required with TLS_CLIENT_CERTIFICATES=${wanted}`,
    );
  }
  expect(() => parseConfig({ ...env, TLS_CLIENT_CERTIFICATES: "maybe" })).toThrow(
    "TLS_CLIENT_CERTIFICATES: must be none, optional or required",
  );
  expect(parseConfig({ ...env, ...edgeFiles, TLS_CLIENT_CA_FILE: "/a" }).clientCertificates).toBe("required");
  expect(() => parseConfig({ ...env, MESH_TLS_CERT_FILE: "/c" })).toThrow(
    "MESH_TLS_KEY_FILE: is required with MESH_TLS_CERT_FILE",
  );
});

test("ConfigError: the mesh beyond this machine in cleartext, unless it is allowed outright", () => {
  const far = { ...env, STORAGE_ADDRESS: "10.0.0.3:9003", STAGING_ADDRESS: "[2001:db8::1]:9004" };
  expect(() => parseConfig(far)).toThrow(
    /STORAGE_ADDRESS: reaches beyond this machine without TLS.*\n.*STAGING_ADDRESS: reaches/,
  );
  const near = { STORAGE_ADDRESS: "[::1]:9003", STAGING_ADDRESS: "localhost:9004" };
  expect(parseConfig({ ...env, ...near }).meshFiles).toBeUndefined();
  expect(parseConfig({ ...far, MESH_ALLOW_CLEARTEXT: "true" }).meshFiles).toBeUndefined();
  const files = { MESH_TLS_CERT_FILE: "/c", MESH_TLS_KEY_FILE: "/k", MESH_TLS_CA_FILE: "/a" };
  expect(parseConfig({ ...far, ...files }).meshFiles).toEqual({
    certFile: "/c",
    keyFile: "/k",
    caFile: "/a",
  });
});
