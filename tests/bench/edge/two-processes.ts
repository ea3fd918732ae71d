import { availableParallelism } from "node:os";
import { create, toBinary } from "@bufbuild/protobuf";
import { pino } from "pino";
import { GetConnectorRequestSchema } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { createMeshKeys } from "../../../services/all-in-one/create-mesh-keys.ts";
import { serviceAddresses } from "../../lib/service-addresses.ts";
import { type Contender, compare } from "../compare.ts";
import type { Row } from "../row.ts";
import { type Connect, callGrpc, get } from "./callers.ts";
import { startEdgeProcesses } from "./edge-processes.ts";
import { startIdentity } from "./identity.ts";
import { cheapness, type Gateway, startGateway, throughput } from "./start-gateway.ts";

// The gain of a second process. In wall time the load and the backend share the cores; CPU time per call shows the gain without
// them.

const rounds = 7;

/** A connection stays with the process that accepted it, so a single one would keep only one process busy. */
const grpcConnections = 8;

const getConnector = get("/api/v1/connectors/file");
const callGetConnector = callGrpc(
  "/sluice.orchestration.v1.ConnectorService/GetConnector",
  toBinary(GetConnectorRequestSchema, create(GetConnectorRequestSchema, { connector: "file" })),
  grpcConnections,
);

export const twoProcessesRows: readonly Row[] = [
  row("edge: REST JSON, two processes", "one process, by the clock", getConnector, throughput),
  row("edge: REST JSON, two processes", "one process, by processor time", getConnector, cheapness),
  row("edge: gRPC, two processes", "one process, by the clock", callGetConnector, throughput),
  row("edge: gRPC, two processes", "one process, by processor time", callGetConnector, cheapness),
];

function row(
  name: string,
  against: string,
  connect: Connect,
  speed: (gateway: Gateway, connect: Connect) => Contender,
): Row {
  return {
    name,
    against,
    target: undefined,
    missing: () => (availableParallelism() < 2 ? "there is one core only" : undefined),
    async measure() {
      const keys = createMeshKeys();
      await using identity = await startIdentity(keys, pino({ level: "silent" }));
      // Two, because one would need more CPU time than two processes of the edge.
      await using backend = await startGateway("backend.ts");
      await using otherBackend = await startGateway("backend.ts");
      const backends = `127.0.0.1:${backend.port},127.0.0.1:${otherBackend.port}`;
      const settings = {
        ...serviceAddresses(backends),
        IDENTITY_ADDRESS: identity.address,
        MESH_PRIVATE_KEY: keys.privateKeys.edge ?? "",
      };
      await using two = await startEdgeProcesses(2, settings);
      await using one = await startEdgeProcesses(1, settings);
      return await compare(speed(two, connect), speed(one, connect), rounds);
    },
  };
}
