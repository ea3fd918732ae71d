import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Contender, compare } from "../compare.ts";
import type { Row } from "../row.ts";
import { callGrpc, type Load, postJson } from "./load.ts";

// What a call costs the edge in processor time, beside others that do the same before the same backend. Time on the clock
// would tell more of what else the machine does.

const rounds = 7;

type Gateway = AsyncDisposable & {
  readonly port: number;
  /** Processor time so far, in seconds. */
  cpuSeconds(): Promise<number>;
};

const connectNode = "connect-node's adapter before a grpc-js client (i)";
const byHand = "the same call by hand on node:http or node:http2, with grpc-js (ii)";
const rest = postJson("/test/v1/echo");
const connectJson = postJson("/sluice.test.v1.EchoService/Echo");

export const edgeRows: readonly Row[] = [
  costRow("edge: REST JSON", connectNode, 2, [rest, "connect http1", connectJson]),
  costRow("edge: REST JSON", byHand, 0.7, [rest, "hand http1", postJson("/")]),
  costRow("edge: Connect JSON", connectNode, 2, [connectJson, "connect http1", connectJson]),
  costRow("edge: Connect JSON", byHand, 0.7, [connectJson, "hand http1", postJson("/")]),
  costRow("edge: gRPC", connectNode, 2.2, [callGrpc, "connect http2", callGrpc]),
  costRow("edge: gRPC", byHand, 0.7, [callGrpc, "hand http2", callGrpc]),
  twoProcesses("edge: REST JSON, two processes", rest),
  twoProcesses("edge: gRPC, two processes", callGrpc),
];

/** Compares what calls cost: ours, and those of another kind of gateway. */
function costRow(name: string, against: string, target: number, loads: [Load, kind: string, Load]): Row {
  const [ourLoad, kind, otherLoad] = loads;
  return {
    name,
    against,
    target,
    async measure() {
      await using backend = await startGateway("backend.ts");
      await using edge = await startGateway("gateway.ts", "edge", String(backend.port));
      await using other = await startGateway("gateway.ts", kind, String(backend.port));
      return await compare(cheapness(edge, ourLoad), cheapness(other, otherLoad), rounds);
    },
  };
}

/** Calls for each second of the gateway's processor time. */
const cheapness =
  (gateway: Gateway, load: Load): Contender =>
  async () => {
    const before = await gateway.cpuSeconds();
    const calls = await load(gateway.port);
    return calls / ((await gateway.cpuSeconds()) - before);
  };

/** Compares by the clock: two processes of the edge, and one with as many callers. */
function twoProcesses(name: string, load: Load): Row {
  return {
    name,
    against: "one process",
    target: undefined,
    async measure() {
      await using backend = await startGateway("backend.ts");
      await using one = await startGateway("gateway.ts", "edge", String(backend.port));
      await using two = await startGateway("gateway.ts", "edge", String(backend.port));
      return await compare(throughput(load, one, two), throughput(load, one, one), rounds);
    },
  };
}

function throughput(load: Load, ...gateways: Gateway[]): Contender {
  return async () => {
    let calls = 0;
    const beganMs = performance.now();
    await Promise.all(
      gateways.map(async ({ port }) => {
        calls += await load(port);
      }),
    );
    return (calls * 1000) / (performance.now() - beganMs);
  };
}

async function startGateway(file: string, ...args: string[]): Promise<Gateway> {
  const child: ChildProcess = fork(join(import.meta.dirname, file), args);
  const [port] = await once(child, "message");
  return {
    port,
    async cpuSeconds() {
      child.send("cost");
      const [{ user, system }] = await once(child, "message");
      return (user + system) / 1e6;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
