import { expect, test } from "vitest";
import { dialCleartext, parseTarget } from "../../edge/upstream/connections/address.ts";
import { createEndpoint } from "../../edge/upstream/connections/endpoint.ts";
import { standardUpstreamLimits } from "../../edge/upstream/connections/limits.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { meshKeys } from "../lib/test-mesh.ts";

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

test.each(["close", "destroy"] as const)(
  "OK: %s leaves no timer, for which a process would wait",
  async (how) => {
    await using server = await startGrpcServer({
      listen: "127.0.0.1:0",
      services: [],
      verifier: createVerifier(meshKeys.publicKeys),
      log: createLog("test", { logLevel: "silent" }),
    });
    const [address] = parseTarget(server.address);
    if (!address) throw new Error("no address");
    const ready = Promise.withResolvers<void>();
    const endpoint = createEndpoint(address, {
      dial: dialCleartext,
      limits: standardUpstreamLimits,
      changed: () => endpoint.isReady() && ready.resolve(),
    });
    endpoint.connect();
    await ready.promise;
    const before = timers();
    endpoint[how]();
    expect(timers()).toBeLessThanOrEqual(before);
    expect(endpoint.availability).toBe("none");
  },
);
