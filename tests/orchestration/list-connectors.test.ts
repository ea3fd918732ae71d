import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf, type Orchestration, startOrchestration } from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

test("OK: every connector by name, to a viewer too", async () => {
  const { connectors } = await mesh.user({ roles: ["viewer"] }).connectors.listConnectors({});
  expect(connectors.map(({ name }) => name)).toEqual(["file", "postgresql"]);
  for (const { settingsSchema } of connectors) expect(settingsSchema).toMatchObject({ type: "object" });
});

test("PermissionDenied: a user without a role", async () => {
  const call = mesh.user({ roles: [] }).connectors.listConnectors({});
  expect(await failureOf(call)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission sources.read is required",
  });
});
