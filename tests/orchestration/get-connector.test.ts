import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

describe("ListConnectors and GetConnector", () => {
  test("OK: every connector by name, with the schema of its settings", async () => {
    const { connectors } = await mesh().user().connectors.listConnectors({});
    expect(connectors.map(({ name }) => name)).toEqual([
      "file",
      "http-file",
      "http-json",
      "mysql",
      "postgresql",
      "sqlite",
    ]);
    const { connector } = await mesh().user().connectors.getConnector({ connector: "postgresql" });
    expect(connector).toEqual(connectors.find(({ name }) => name === "postgresql"));
    expect(connector?.capabilities).toMatchObject({
      discover: true,
      query: true,
      manyTables: true,
      nativeSql: true,
      parallelChunks: true,
      repeatableSnapshots: false,
      tls: true,
      secrets: true,
    });
    expect(connector?.settingsSchema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      additionalProperties: false,
      required: ["host", "database", "user", "passwordSecret"],
      properties: {
        port: { default: 5432 },
        sslMode: { enum: ["disable", "prefer", "require", "verify-full"] },
      },
    });
  });

  test("NotFound: a connector that there is not", async () => {
    expect(await failureOf(mesh().user().connectors.getConnector({ connector: "oracle" }))).toEqual({
      code: Code.NotFound,
      reason: "RESOURCE_NOT_FOUND",
      fields: [],
      message: "connector oracle not found",
    });
  });
});
