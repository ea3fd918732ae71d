import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls, TLSSocket } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { dialOver } from "../../edge/upstream/connections/address.ts";
import { transportTo } from "../../edge/upstream/transport.ts";
import { createUpstream } from "../../edge/upstream/upstream.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import type { Pair } from "../../services/all-in-one/mesh-certificates.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { createMeshClient } from "../../services/lib/mesh/mesh-client.ts";
import { type MeshTls, openMeshTls } from "../../services/lib/mesh/mesh-tls.ts";
import { createSigner, createVerifier } from "../../services/lib/rpc/principal.ts";
import { createEchoService } from "../edge/lib/echo-backend.ts";
import { certificateFolder, contentsFor, createAuthority } from "./test-certificates.ts";
import { meshKeys, temporaryFolder } from "./test-mesh.ts";

const silent = pino({ level: "silent" });
const stack = { current: new AsyncDisposableStack() };
afterEach(async () => {
  await stack.current.disposeAsync();
  stack.current = new AsyncDisposableStack();
});

/** The certificate of one process, in files, and watched. */
async function tlsOf(authority: Pair, process: string, caPem = authority.certificatePem) {
  const folder = stack.current.use(await temporaryFolder());
  const contents = { ...(await contentsFor(authority, process)), caPem };
  const files = await certificateFolder(folder.path, contents);
  const tls = stack.current.use(await openMeshTls(files, silent, 10));
  return { files, tls: tls as MeshTls };
}

/** The echo service as a process named `storage`. */
async function startStorage(tls: MeshTls | undefined, log = silent): Promise<string> {
  const server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [createEchoService().service],
    verifier: createVerifier(meshKeys.publicKeys),
    log,
    tls,
  });
  return stack.current.use(server).address;
}

function clientOf(address: string, tls: MeshTls | undefined, process = "staging", peer = "storage") {
  const signer = createSigner(process, meshKeys.privateKeys[process] ?? "");
  return stack.current.use(createMeshClient(EchoService, { peer, address, signer, tls }));
}

test("OK: a process calls another one, and each shows a certificate of its own", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  const client = clientOf(address, (await tlsOf(authority, "staging")).tls);
  expect((await client.look({ name: "x" })).request?.name).toBe("x");
  const numbers = [];
  for await (const { number } of client.count({ upTo: 3 })) numbers.push(number);
  expect(numbers).toEqual([1, 2, 3]);
});

/** A client that calls as the edge, without a principal. */
function edgeClientOf(peer: string, address: string, tls: MeshTls) {
  const upstream = stack.current.use(createUpstream(peer, address, { dial: dialOver(tls, peer) }));
  return createClient(EchoService, transportTo(upstream));
}

const noAssertion = "the call carries no assertion";

test("OK: the edge's calls are secured as those of services are", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  const { tls } = await tlsOf(authority, "edge");
  await expect(edgeClientOf("storage", address, tls).look({ name: "x" })).rejects.toThrow(noAssertion);
  const other = edgeClientOf("identity", address, tls).look({ name: "x" });
  await expect(other).rejects.toThrow("identity does not answer");
});

test("Unavailable: a peer whose certificate has the name of another process", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "approval")).tls);
  const client = clientOf(address, (await tlsOf(authority, "staging")).tls);
  await expect(client.look({ name: "x" })).rejects.toThrow("storage does not answer");
});

test("Unavailable: certificates of another authority, on either side", async () => {
  const [authority, stranger] = [await createAuthority(), await createAuthority()];
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  const outsider = (await tlsOf(stranger, "staging", authority.certificatePem)).tls;
  await expect(clientOf(address, outsider).look({ name: "x" })).rejects.toThrow("storage does not answer");
  const deceived = (await tlsOf(stranger, "staging")).tls;
  await expect(clientOf(address, deceived).look({ name: "x" })).rejects.toThrow("storage does not answer");
});

test("Unavailable: cleartext to a process that has a certificate, and TLS without one", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  await expect(clientOf(address, undefined).look({ name: "x" })).rejects.toThrow("storage does not answer");
  const session = connectHttp2(`http://${address}`);
  session.on("error", () => undefined);
  await once(session, "close");
  const port = Number(address.split(":")[1]);
  const ca = authority.certificatePem;
  const nameless = connectTls({
    port,
    host: "127.0.0.1",
    ca,
    servername: "sluice-storage",
    ALPNProtocols: ["h2"],
  });
  // In TLS 1.3, a client is refused after its side of the handshake is complete.
  const [refusal] = await once(nameless, "error").catch((error) => [error]);
  expect(String(refusal)).toMatch(/certificate required|ECONNRESET|socket hang up/);
});

test("OK: a service tells of who could not connect to it, and why", async () => {
  const [authority, stranger] = [await createAuthority(), await createAuthority()];
  const logged: unknown[] = [];
  const log = pino({ level: "info" }, { write: (line) => logged.push(JSON.parse(line)) });
  const address = await startStorage((await tlsOf(authority, "storage")).tls, log);
  await expect(clientOf(address, undefined).look({ name: "x" })).rejects.toThrow("storage does not answer");
  const outsider = (await tlsOf(stranger, "staging", authority.certificatePem)).tls;
  await expect(clientOf(address, outsider).look({ name: "x" })).rejects.toThrow("storage does not answer");
  for (const reason of ["cleartext", "certificate refused"]) {
    const line = { msg: "TLS handshake failed", address: "127.0.0.1", reason };
    await expect.poll(() => logged).toContainEqual(expect.objectContaining(line));
  }
});

test("Unauthenticated: an assertion of another process than the connection's", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  const client = clientOf(address, (await tlsOf(authority, "staging")).tls, "edge");
  await expect(client.look({ name: "x" })).rejects.toThrow(
    "the certificate of the connection is not that of edge",
  );
});

test("OK: a connection's certificate is read once, and each connection has its own", async () => {
  const authority = await createAuthority();
  const address = await startStorage((await tlsOf(authority, "storage")).tls);
  const { tls } = await tlsOf(authority, "staging");
  const client = clientOf(address, tls);
  await client.look({ name: "1" });
  using read = vi.spyOn(TLSSocket.prototype, "getPeerCertificate");
  for (const name of ["2", "3", "4"]) await client.look({ name });
  expect(read).not.toHaveBeenCalled();
  await expect(clientOf(address, tls, "edge").look({ name: "5" })).rejects.toThrow("is not that of edge");
  const other = clientOf(address, (await tlsOf(authority, "edge")).tls, "edge");
  expect((await other.look({ name: "6" })).request?.name).toBe("6");
  expect(read).toHaveBeenCalled();
});

test("OK: a whole new authority takes over while the processes run", async () => {
  const [old, next] = [await createAuthority(), await createAuthority()];
  const both = `${old.certificatePem}${next.certificatePem}`;
  const storage = await tlsOf(old, "storage", both);
  const staging = await tlsOf(old, "staging", both);
  const address = await startStorage(storage.tls);
  const running = clientOf(address, staging.tls);
  expect((await running.look({ name: "1" })).request?.name).toBe("1");
  await storage.files.swap(await contentsFor(next, "storage"));
  await staging.files.swap(await contentsFor(next, "staging"));
  const outsider = await tlsOf(old, "approval", both);
  // Once the files are read, only certificates of the new authority are accepted.
  await expect
    .poll(() =>
      clientOf(address, outsider.tls, "approval")
        .look({ name: "2" })
        .catch((error) => error.rawMessage),
    )
    .toBe("storage does not answer");
  await expect
    .poll(() =>
      clientOf(address, staging.tls)
        .look({ name: "3" })
        .then(
          ({ request }) => request?.name,
          () => "",
        ),
    )
    .toBe("3");
  expect((await running.look({ name: "4" })).request?.name).toBe("4");
});

test("OK: a unix socket needs no certificate", async () => {
  const authority = await createAuthority();
  const folder = stack.current.use(await temporaryFolder());
  const { tls } = await tlsOf(authority, "storage");
  const server = await startGrpcServer({
    listen: `unix:${folder.path}/storage.sock`,
    services: [createEchoService().service],
    verifier: createVerifier(meshKeys.publicKeys),
    log: silent,
    tls,
  });
  const { address } = stack.current.use(server);
  expect((await clientOf(address, tls).look({ name: "x" })).request?.name).toBe("x");
  await expect(edgeClientOf("storage", address, tls).look({ name: "x" })).rejects.toThrow(noAssertion);
});
