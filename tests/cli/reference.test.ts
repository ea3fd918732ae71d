import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LazyCommand } from "../../cli/command/command.ts";
import { commandTree } from "../../cli/command-tree.ts";
import { exitCodes } from "../../cli/failures/exit-codes.ts";
import { commandsOf, referenceOf } from "./lib/reference.ts";

const path = join(import.meta.dirname, "../../docs/cli.md");
const page = await readFile(path, "utf8");
const marker = "\n## All commands\n\n";

test("OK: docs/cli.md describes every command, option and example as the command tree has them", async () => {
  const [before = ""] = page.split(marker);
  await expect(`${before}${marker}${await referenceOf()}\n`).toMatchFileSnapshot(path);
});

test("OK: docs/cli.md lists every exit code", () => {
  const listed = [...page.matchAll(/^\| `(\d+)`/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes));
});

test("OK: the name of a command that is read later is that of the command", async () => {
  const check = async ({ name, load }: LazyCommand) => {
    const found = await load();
    expect(found.name).toBe(name);
    const later = "commands" in found ? found.commands.filter((one) => "load" in one) : [];
    for (const one of later) await check(one);
  };
  for (const entry of commandTree) await check(entry);
});

test("OK: each command has an example, and each example begins with its command", async () => {
  for (const { load } of commandTree) {
    for (const { path: words, one } of await commandsOf(await load())) {
      expect(one.examples.length, words).toBeGreaterThan(0);
      for (const example of one.examples) expect(example).toContain(words);
    }
  }
});
