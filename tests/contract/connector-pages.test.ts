import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { connectorDefinitions } from "../../services/orchestration/connectors/registry.ts";

const folder = new URL("../../docs/connectors/", import.meta.url);

const settingsOf = (settings: z.ZodType): string[] =>
  Object.keys(z.toJSONSchema(settings, { io: "input" }).properties ?? {});

test("the registry is sorted by name, and each connector has a page", async () => {
  const names = connectorDefinitions.map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  const pages = await readdir(folder);
  expect(pages.toSorted()).toEqual(names.map((name) => `${name}.md`));
});

test.each(connectorDefinitions)(
  "the page of $name has a row for every setting, and no other",
  async ({ name, settings }) => {
    const page = await readFile(new URL(`${name}.md`, folder), "utf8");
    const [table = ""] = /^\| Setting .*\n(\|.*\n)+/m.exec(page) ?? [];
    const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, setting]) => setting);
    expect(rows).toEqual(settingsOf(settings));
  },
);

test.each(connectorDefinitions)(
  "$name says what its sources are, and what each setting is",
  ({ description, settings }) => {
    expect(description).toMatch(/^An? /);
    const { additionalProperties, properties = {} } = z.toJSONSchema(settings, { io: "input" });
    expect(additionalProperties).toBe(false);
    for (const property of Object.values(properties)) expect(property).toHaveProperty("description");
  },
);
