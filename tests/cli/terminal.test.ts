import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { keys, runCli, runInTerminal } from "./lib/cli.ts";
import { admin, password, startCliMesh } from "./lib/cli-mesh.ts";

const mesh = forFile(() => startCliMesh());
const flights = "node_modules/vega-datasets/data/flights-3m.parquet";

test("OK: login asks for address and password, and shows no password", async () => {
  const env = await mesh().newUser();
  using terminal = runInTerminal(env, ["login"]);
  await terminal.shows("E-mail address");
  terminal.type(admin + keys.enter);
  await terminal.shows("Password");
  terminal.type(password + keys.enter);
  await terminal.shows(`as ${admin}`);
  expect(await terminal.ended).toBe(0);
  expect(terminal.output()).not.toContain(password);
});

test("OK: an upload shows a bar with rate and rest, and a table", async () => {
  using terminal = runInTerminal(mesh().env, ["files", "put", flights]);
  await terminal.shows(
    /Uploading fligh\S* {2}[█░]{24} +\d+% {2}\S+ \S+ of 12\.9 MiB {2}\S+ \S+\/s {2}\d+:\d\d left/,
  );
  expect(await terminal.ended).toBe(0);
  expect(terminal.output()).toContain("\x1b[1mid");
});

test("OK: a source is made from answers, by the connector's own settings", async () => {
  using terminal = runInTerminal(mesh().env, ["sources", "create"]);
  await terminal.shows("What kind of source");
  // Kinds are sorted by name: duckdb, file.
  terminal.type(keys.down + keys.enter);
  await terminal.shows("Name of the source");
  terminal.type(`flights${keys.enter}`);
  await terminal.shows("fileId");
  await terminal.shows("flights-3m.parquet");
  terminal.type(keys.enter);
  await terminal.shows("Other settings");
  terminal.type(` ${keys.enter}`);
  await terminal.shows("tableName: Name of the table");
  terminal.type(`flights${keys.enter}`);
  await terminal.shows("The connection works");
  await terminal.shows("Next: sluice discover flights");
  expect(await terminal.ended).toBe(0);
  expect((await runCli(mesh().env, ["discover", "flights"])).code).toBe(0);
});

test("OK: the prompt runs statements of several lines, survives errors and keeps its history", async () => {
  {
    using terminal = runInTerminal(mesh().env, ["query", "flights"]);
    await terminal.shows("sql> ");
    terminal.type(`SELECT count(*) AS n${keys.enter}`);
    await terminal.shows("-> ");
    terminal.type(`FROM flights;${keys.enter}`);
    await terminal.shows(/3000000\s+1 row/);
    await terminal.shows("sql> ");
    terminal.type(`nonsense;${keys.enter}`);
    await terminal.shows("error:");
    await terminal.shows("sql> ");
    terminal.type(`half a statement${keys.enter}`);
    await terminal.shows("-> ");
    terminal.type(keys.ctrlC);
    await terminal.shows("sql> ");
    terminal.type(keys.ctrlD);
    expect(await terminal.ended).toBe(0);
  }
  using terminal = runInTerminal(mesh().env, ["query", "flights"]);
  await terminal.shows("sql> ");
  terminal.type(keys.up + keys.up);
  await terminal.shows("SELECT count\\(\\*\\) AS n FROM flights");
  terminal.type(`;${keys.enter}`);
  await terminal.shows(/3000000\s+1 row/);
  terminal.type(`\\q${keys.enter}`);
  expect(await terminal.ended).toBe(0);
});

test("OK: Ctrl-C while a job is watched asks whether to cancel it", async () => {
  using terminal = runInTerminal(mesh().env, ["stage", "flights", "flights", "--chunk-rows", "1000"]);
  await terminal.shows(/Job [0-9a-f-]{36}/);
  await terminal.shows(/running|queued/);
  terminal.type(keys.ctrlC);
  await terminal.shows("What should happen to it");
  terminal.type(keys.down + keys.down + keys.enter);
  await terminal.shows("the job was cancelled");
  expect(await terminal.ended).toBe(10);
});

test("OK: Ctrl-C in that question leaves the job running", async () => {
  using terminal = runInTerminal(mesh().env, ["stage", "flights", "flights", "--chunk-rows", "1000"]);
  await terminal.shows(/running|queued/);
  terminal.type(keys.ctrlC);
  await terminal.shows("What should happen to it");
  terminal.type(keys.ctrlC);
  await terminal.shows("the job goes on: `sluice jobs watch");
  expect(await terminal.ended).toBe(130);
  const [, jobId = ""] = /Job ([0-9a-f-]{36})/.exec(terminal.output()) ?? [];
  expect((await runCli(mesh().env, ["jobs", "cancel", jobId])).code).toBe(0);
});

test("OK: nothing is removed without a yes", async () => {
  const folder = join(mesh().folder, "kept");
  await mkdir(folder);
  await writeFile(join(folder, "kept.csv"), "id\n");
  await runCli(mesh().env, ["files", "put", folder]);
  using terminal = runInTerminal(mesh().env, ["files", "rm", "kept.csv"]);
  await terminal.shows("Remove kept.csv\\?");
  terminal.type(keys.enter);
  expect(await terminal.ended).toBe(130);
  expect((await runCli(mesh().env, ["files", "show", "kept.csv"])).code).toBe(0);
});

test("OK: no colour with NO_COLOR, and text of a server can't move the cursor", async () => {
  const name = "\x1b[31mred\u202e";
  await runCli(mesh().env, ["keys", "create", "k", "--role", "viewer"]);
  using plain = runInTerminal({ ...mesh().env, NO_COLOR: "1" }, ["keys", "list"]);
  expect(await plain.ended).toBe(0);
  expect(plain.output()).not.toContain("\x1b[");
  using shown = runInTerminal(mesh().env, ["query", "flights", `SELECT '${name}' AS "${name}"`]);
  expect(await shown.ended).toBe(0);
  expect(shown.output()).toContain("\\x1b[31mred\\u{202e}");
  expect(shown.output()).not.toContain(name);
});
