import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { runCli } from "./lib/cli.ts";
import { startCliMesh } from "./lib/cli-mesh.ts";

const mesh = forFile(() => startCliMesh());

async function ok(args: readonly string[]): Promise<string> {
  const outcome = await runCli(mesh().env, args);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.stdout;
}

test("OK: catalog search, tables and schemas", async () => {
  const put = await runCli(
    mesh().env,
    ["files", "put", "-", "--name", "customer_orders.csv", "-q"],
    "id,customer_id\n1,2\n",
  );
  await ok(["sources", "create", "shop", "--file", put.stdout.trim()]);
  await ok(["discover", "shop"]);
  const found = await ok(["catalog", "search", "customer", "orders"]);
  expect(found).toMatch(/customer_orders\s+name\s+customer_id/);
  const { matches } = JSON.parse(await ok(["catalog", "search", "custmoer", "--json"]));
  expect(matches).toMatchObject([{ kind: "MATCH_KIND_TYPO", table: { name: "customer_orders" } }]);
  const id = (await ok(["catalog", "search", "orders", "--source", "shop", "--quiet"])).trim();
  expect((await ok(["catalog", "tables", "--quiet"])).trim()).toBe(id);
  expect(await ok(["catalog", "search", "orders", "--pii", "direct", "--quiet"])).toBe("");
  const { schemas } = JSON.parse(await ok(["catalog", "schemas", "shop", "--json"]));
  expect(schemas).toMatchObject([{ tableCount: 1 }]);
  const refused = await runCli(mesh().env, ["catalog", "search", "x", "--pii", "secret"]);
  expect(refused.code).not.toBe(0);
});
