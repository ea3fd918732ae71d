import { compare } from "../compare.ts";
import type { Row } from "../row.ts";
import type { Connect } from "./callers.ts";
import { keepPace } from "./load.ts";
import { type Gateway, startGateway, throughput } from "./start-gateway.ts";

// The 99th percentile of latency. Both sides get the same rate, half of the slower one's capacity: above the capacity the queue
// grows, and its length is measured instead.

const rounds = 7;
const roundMs = 3_000;
const shareOfThroughput = 0.5;

/** Compares the 99th percentile of the edge, which authenticates and limits, with another gateway's, which does neither. */
export function tailLatencyRow(name: string, against: string, loads: [Connect, kind: string, Connect]): Row {
  const [ourLoad, kind, otherLoad] = loads;
  return {
    name,
    against,
    target: 1,
    async measure() {
      await using backend = await startGateway("backend.ts");
      await using edge = await startGateway("gateway.ts", "edge with limits", String(backend.port));
      await using other = await startGateway("gateway.ts", kind, String(backend.port));
      const [ourMost, otherMost] = [await most(edge, ourLoad), await most(other, otherLoad)];
      const callsPerSecond = shareOfThroughput * Math.min(ourMost, otherMost);
      const promptness = (gateway: Gateway, connect: Connect) => async () =>
        1000 / percentile99(await keepPace(connect, gateway.port, { callsPerSecond, forMs: roundMs }));
      return await compare(promptness(edge, ourLoad), promptness(other, otherLoad), rounds);
    },
  };
}

/** Calls per second that a warm gateway can serve. */
async function most(gateway: Gateway, connect: Connect): Promise<number> {
  const once = throughput(gateway, connect);
  await once();
  return once();
}

function percentile99(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}
