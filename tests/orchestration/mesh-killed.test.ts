import { createClient } from "@connectrpc/connect";
import { test } from "vitest";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { untilGone } from "../lib/processes.ts";
import type { SpawnedProcess } from "../lib/spawned-process.ts";
import { temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { enginesOf } from "./engine-processes.ts";
import { createFileSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";
import { spawnOrchestration } from "./spawn-orchestration.ts";

/** The permits of one user. A spare process starts when the first of them ends. */
const enginesOfService = 9;
const endless = "SELECT count(*) FROM range(1000000000000000)";

test("OK: of 18 engine processes none survives when two processes of the mesh are killed", async () => {
  await using mesh = await startOrchestration();
  await using folders = new AsyncDisposableStack();
  const services: SpawnedProcess[] = [];
  const calls: Promise<unknown>[] = [];
  for (const index of [0, 1]) {
    const folder = folders.use(await temporaryFolder());
    const service = folders.use(await spawnOrchestration(mesh, folder.path, { ENGINE_MEMORY_MIB: "6144" }));
    services[index] = service;
    const user = mesh.user();
    const transport = folders.use(transportAs(service.address, user.who, "edge"));
    const { executeQuery } = createClient(ExecutionService, transport);
    const sourceId = await createFileSource(mesh, user, "n.csv", "n\n1\n");
    // Prepares the file. From then on each call has one process.
    await executeQuery({ sourceId, sql: "FROM n" });
    const request = { sourceId, sql: endless, timeout: { seconds: 120n } };
    for (let running = 0; running < enginesOfService; running += 1)
      calls.push(failureOf(executeQuery(request)));
  }
  const enginesOfAll = () => services.flatMap(({ pid }) => enginesOf(pid));
  // Each starts beside those that compute already.
  await eventually(() => enginesOfAll().length, 60_000).toBe(2 * enginesOfService);
  const engines = enginesOfAll();
  await Promise.all(services.map((service) => service.kill()));
  await untilGone(engines);
  await Promise.all(calls);
});
