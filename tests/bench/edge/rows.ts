import { compare } from "../compare.ts";
import type { Row } from "../row.ts";
import { type Connect, callGrpc, echoMessage, echoMethod, postEcho } from "./callers.ts";
import { buildGrpcGateway, missingForGrpcGateway, startGrpcGateway } from "./grpc-gateway.ts";
import { cheapness, startGateway } from "./start-gateway.ts";
import { tailLatencyRow } from "./tail-latency.ts";
import { twoProcessesRows } from "./two-processes.ts";

// CPU time per call of the edge, compared with other gateways in front of the same backend. Wall time would depend on other load
// on the machine.

const rounds = 7;

const connectNode = "connect-node's adapter before a grpc-js client (i)";
const byHand = "the same call by hand on node:http or node:http2, with grpc-js (ii)";
const rest = postEcho("/test/v1/echo");
const connectJson = postEcho(echoMethod);
const handJson = postEcho("/");
const grpc = callGrpc(echoMethod, echoMessage);

export const edgeRows: readonly Row[] = [
  costRow("edge: REST JSON", connectNode, 2, [rest, "connect http1", connectJson]),
  costRow("edge: REST JSON", byHand, 0.7, [rest, "hand http1", handJson]),
  grpcGatewayRow("edge: REST JSON"),
  costRow("edge: Connect JSON", connectNode, 2, [connectJson, "connect http1", connectJson]),
  costRow("edge: Connect JSON", byHand, 0.7, [connectJson, "hand http1", handJson]),
  costRow("edge: gRPC", connectNode, 2.2, [grpc, "connect http2", grpc]),
  costRow("edge: gRPC", byHand, 0.7, [grpc, "hand http2", grpc]),
  tailLatencyRow("edge: REST JSON, 99th percentile", connectNode, [rest, "connect http1", connectJson]),
  tailLatencyRow("edge: gRPC, 99th percentile", connectNode, [grpc, "connect http2", grpc]),
  ...twoProcessesRows,
  delegatedRow(),
];

/** Compares CPU time per call with another kind of gateway. */
function costRow(
  name: string,
  against: string,
  target: number,
  loads: [Connect, kind: string, Connect],
): Row {
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

/** What X-Org-ID and X-User-ID cost when the edge has the user cached. */
function delegatedRow(): Row {
  const key = "X-Api-Key: sk_platform";
  const delegated = postEcho("/test/v1/echo", `${key}\r\nX-Org-ID: 1\r\nX-User-ID: 7`);
  return {
    name: "edge: delegated calls",
    against: "calls of the key itself",
    target: 0.95,
    async measure() {
      await using backend = await startGateway("backend.ts");
      await using edge = await startGateway("gateway.ts", "edge with limits", String(backend.port));
      return await compare(
        cheapness(edge, delegated),
        cheapness(edge, postEcho("/test/v1/echo", key)),
        rounds,
      );
    },
  };
}

/** The same with grpc-gateway, which is compiled. */
function grpcGatewayRow(name: string): Row {
  return {
    name,
    against: "grpc-gateway, in Go",
    target: undefined,
    missing: missingForGrpcGateway,
    async measure({ folder }) {
      const program = await buildGrpcGateway(folder);
      await using backend = await startGateway("backend.ts");
      await using edge = await startGateway("gateway.ts", "edge", String(backend.port));
      await using other = await startGrpcGateway(program, backend.port);
      return await compare(cheapness(edge, rest), cheapness(other, rest), rounds);
    },
  };
}
