import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: every connector by name, to a viewer too", async () => {
  const { connectors } = await mesh()
    .user({ roles: ["viewer"] })
    .connectors.listConnectors({});
  expect(connectors.map(({ name }) => name)).toEqual([
    "file",
    "http-file",
    "http-json",
    "mysql",
    "postgresql",
    "sqlite",
  ]);
  for (const { settingsSchema } of connectors) expect(settingsSchema).toMatchObject({ type: "object" });
});

test("PermissionDenied: a user without a role", async () => {
  const call = mesh().user({ roles: [] }).connectors.listConnectors({});
  expect(await failureOf(call)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission sources.read is required",
  });
});
