import { expect, test } from "vitest";
import { startBackend, startEdgeBefore } from "./lib/resilience.ts";

test("OK: a hedged call is answered by the second address, and the first is told to stop", async () => {
  await using stuck = await startBackend("stuck");
  await using sound = await startBackend("sound");
  await stuck.set("stuck");
  await using edge = await startEdgeBefore([stuck.address, sound.address]);
  const hedged = async () => (await fetch(`${edge.url}/test/v1/resilience/k:hedged`)).json();
  for (let call = 0; call < 20; call += 1) expect(await hedged()).toEqual({ server: "sound" });
  const asked = stuck.begun().length;
  expect(asked).toBeGreaterThan(0);
  await expect.poll(() => stuck.cancelled()).toBe(asked);
});

test("OK: a hedged call waits for a second address that is not there yet", async () => {
  await using stuck = await startBackend("stuck");
  await using late = await startBackend("late");
  await stuck.set("stuck");
  await late.end("SIGKILL");
  await using edge = await startEdgeBefore([stuck.address, late.address]);
  const answer = fetch(`${edge.url}/test/v1/resilience/k:hedged`, { headers: { "grpc-timeout": "20S" } });
  await expect.poll(() => stuck.begun().length).toBe(1);
  await late.start();
  expect(await (await answer).json()).toEqual({ server: "late" });
  // The first address does not get a second attempt.
  expect(stuck.begun()).toHaveLength(1);
});
