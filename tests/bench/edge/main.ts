import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { wrap } from "../../../edge/rpc/envelope.ts";
import { EchoRequestSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";

// What a call costs the edge in processor time, beside two others that do the same: connect-node's adapter before a client
// of grpc-js (i), and the same call written by hand on node:http and node:http2 (ii). Time on the clock would tell more of
// what else the machine does.

const rounds = 7;
const roundMs = 1500;
const inFlight = 32;

const request = create(EchoRequestSchema, { text: "x".repeat(200) });
const json = toJsonString(EchoRequestSchema, request);

/** Calls over one path until the time is over; answers how many calls ended well. */
type Load = (port: number) => Promise<number>;

/** Keeps `inFlight` callers busy until the time is over. */
async function keepBusy(caller: () => Promise<Caller>): Promise<number> {
  const until = Date.now() + roundMs;
  let calls = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      const { call, close } = await caller();
      for (; Date.now() < until; calls += 1) await call();
      close();
    }),
  );
  return calls;
}

type Caller = { call(): Promise<void>; close(): void };

const http1 =
  (path: string): Load =>
  (port) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Type: application/json`;
    const bytes = `${head}\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
    return keepBusy(async () => {
      const socket = connect(port, "127.0.0.1");
      return {
        async call() {
          socket.write(bytes);
          let text = "";
          while (!isWhole(text)) text += (await once(socket, "data"))[0].toString("latin1");
          if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
        },
        close: () => socket.destroy(),
      };
    });
  };

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  return end >= 0 && text.length >= end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]);
}

const grpc: Load = async (port) => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const message = wrap(0, toBinary(EchoRequestSchema, request));
  const headers = {
    ":path": "/sluice.test.v1.EchoService/Echo",
    ":method": "POST",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: "Bearer t",
  };
  const calls = await keepBusy(async () => ({
    async call() {
      const stream = session.request(headers);
      stream.end(message);
      stream.resume();
      const [trailers] = await once(stream, "trailers");
      if (trailers["grpc-status"] !== "0") throw new Error(JSON.stringify(trailers));
    },
    close: () => undefined,
  }));
  session.close();
  return calls;
};

const start = async (file: string, ...args: string[]): Promise<[ChildProcess, number]> => {
  const child = fork(join(import.meta.dirname, file), args);
  const [port] = await once(child, "message");
  return [child, port as number];
};

async function cpuMs(child: ChildProcess): Promise<number> {
  child.send("cost");
  const [{ user, system }] = await once(child, "message");
  return (user + system) / 1000;
}

const [backend, backendPort] = await start("backend.ts");
const rows: [name: string, gateway: string, load: Load][] = [
  ["REST: edge", "edge", http1("/test/v1/echo")],
  ["Connect JSON: edge", "edge", http1("/sluice.test.v1.EchoService/Echo")],
  ["JSON (i) connect-node", "connect http1", http1("/sluice.test.v1.EchoService/Echo")],
  ["JSON (ii) hand-written", "hand http1", http1("/")],
  ["gRPC: edge", "edge", grpc],
  ["gRPC (i) connect-node", "connect http2", grpc],
  ["gRPC (ii) hand-written", "hand http2", grpc],
];
const gateways = new Map<string, [ChildProcess, number]>();
for (const [, kind] of rows) {
  if (!gateways.has(kind)) gateways.set(kind, await start("gateway.ts", kind, String(backendPort)));
}
const costs = new Map<string, number[]>(rows.map(([name]) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, kind, load] of rows) {
    const [child, port] = gateways.get(kind) as [ChildProcess, number];
    const before = await cpuMs(child);
    const calls = await load(port);
    // The first round warms up.
    if (round > 0) costs.get(name)?.push(((await cpuMs(child)) - before) / calls);
  }
}
const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
for (const [name, values] of costs) {
  console.log(`${name.padEnd(24)} ${(median(values) * 1000).toFixed(0).padStart(5)} us of CPU a call`);
}
const cost = (name: string): number => median(costs.get(name) ?? []);
for (const [edge, other] of [
  ["REST: edge", "JSON (i) connect-node"],
  ["REST: edge", "JSON (ii) hand-written"],
  ["Connect JSON: edge", "JSON (i) connect-node"],
  ["Connect JSON: edge", "JSON (ii) hand-written"],
  ["gRPC: edge", "gRPC (i) connect-node"],
  ["gRPC: edge", "gRPC (ii) hand-written"],
] as const) {
  console.log(`${edge} is ${(cost(other) / cost(edge)).toFixed(2)} x ${other}`);
}
for (const [child] of [[backend], ...gateways.values()] as const) child.disconnect();
