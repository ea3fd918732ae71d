import { expect, test } from "vitest";
import { run } from "../../services/orchestration/run.ts";
import { startService } from "../lib/test-mesh.ts";
import { createFileSource, query, startOrchestration } from "./orchestration.ts";

test("a second process on the same folder does not start, and the first one goes on", async () => {
  await using mesh = await startOrchestration();
  const user = mesh.user();
  const sourceId = await createFileSource(mesh, user, "a.csv", "x\n1\n");
  await user.catalog.discover({ sourceId });
  await expect(startService(run, mesh.config)).rejects.toThrow(`${mesh.folder} belongs to another process`);
  expect((await query(user, sourceId, "SELECT x FROM a")).rows).toEqual([["1"]]);
  await mesh.stop();
  await using next = await startService(run, mesh.config);
  expect(next.address).toMatch(/^127/);
});
