import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serviceMethods } from "../lib/contracts.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/compat.md"), "utf8");
const [, section = ""] = page.split("## RiverGen");
const rows = [...section.matchAll(/^\| `([A-Z]+ \/[^`]*)` *\| ([^|]*)\|/gm)].map(
  ([, endpoint, methods = ""]) => ({
    endpoint,
    methods: [...methods.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  }),
);

test("OK: each of the twenty-two endpoints has a row", () => {
  expect(new Set(rows.map(({ endpoint }) => endpoint)).size).toBe(22);
});

test("OK: each endpoint has methods, which storage has as far as it has their service", async () => {
  const natives = await serviceMethods();
  const known = natives.map(({ parent, name }) => `${parent.name}.${name}`);
  const services = new Set(natives.map(({ parent }) => parent.name));
  const inContract = (method: string) => services.has(method.split(".")[0] ?? "");
  for (const { endpoint, methods } of rows) {
    expect(methods, endpoint).not.toEqual([]);
    expect(known, endpoint).toEqual(expect.arrayContaining(methods.filter(inContract)));
  }
});
