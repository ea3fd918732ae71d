import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { http1, rawBytes } from "../lib/raw-http.ts";
import { startTestEdge } from "../lib/test-edge.ts";
import { startEdgeProcess } from "./lib/edge-process.ts";
import { connectPeer } from "./lib/http2-peer.ts";

// Limits of the number of connections, and the choice of connections to close.

const opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
});

async function open(port: number, bytes?: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  opened.push(socket);
  await once(socket, "connect");
  if (bytes) socket.write(bytes);
  return socket.resume();
}

const request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

/** A connection that counts as used, because it has received a response. */
async function openUsed(port: number): Promise<Socket> {
  const socket = await open(port, request);
  await once(socket, "data");
  return socket;
}

test("OK: 10,000 idle connections at once cost little and keep nobody out", async () => {
  await using edge = await startEdgeProcess();
  const wanted = 10_000;
  const idle = fork(join(import.meta.dirname, "lib/idle-callers.ts"), [String(edge.port), String(wanted)]);
  try {
    const mebibyte = 2 ** 20;
    const count = await edge.withstand(async () => {
      const [connected] = (await once(idle, "message")) as [number];
      return connected;
    }, 300 * mebibyte);
    // The limit of open files can keep that process from more.
    expect(count).toBeGreaterThan(wanted / 10);
    if (count < wanted) console.warn(`only ${count} idle connections: the limit of open files is too low`);
  } finally {
    idle.kill("SIGKILL");
  }
});

test("OK: a silent connection gives up its place", async () => {
  await using edge = await startTestEdge({ limits: { connectionsMax: 2 } });
  const [first] = [await open(edge.port), await open(edge.port)];
  const ended = once(first, "close");
  expect((await http1(edge.port, "/health")).status).toBe(200);
  await ended;
});

test("503: one connection too many, when all are in use", async () => {
  await using edge = await startTestEdge({ limits: { connectionsMax: 2 } });
  await openUsed(edge.port);
  const used = await openUsed(edge.port);
  const answer = await http1(edge.port, "/health");
  expect([answer.status, answer.headers["retry-after"], JSON.parse(answer.body)]).toEqual([
    503,
    "1",
    {
      error: {
        code: 503,
        status: "UNAVAILABLE",
        message: "the edge has 2 connections, its most",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "SERVICE_BUSY",
            domain: "sluice",
            metadata: { limit: "2" },
          },
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" },
        ],
      },
    },
  ]);
  using peer = await connectPeer(edge.port);
  expect(await peer.ended()).toBe(11);
  const freed = once(used, "close");
  used.destroy();
  await freed;
  await expect
    .poll(() => rawBytes(edge.port, request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")))
    .toMatch(/ 200 OK/);
});

test("ended: far too many connections", async () => {
  await using edge = await startTestEdge({ limits: { connectionsMax: 1 } });
  await openUsed(edge.port);
  const sockets = await Promise.all(Array.from({ length: 300 }, () => open(edge.port)));
  // The edge sends an error to 256 connections. All others here are silent, and the oldest are closed.
  await expect.poll(() => sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(290);
  expect(await rawBytes(edge.port, request)).toMatch(/ 503 /);
});
