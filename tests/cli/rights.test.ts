import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { type Env, keys, runCli, runInTerminal } from "./lib/cli.ts";
import { admin, password, startCliMesh } from "./lib/cli-mesh.ts";

const mesh = forFile(() => startCliMesh());
const sluice = (args: readonly string[], input?: string) => runCli(mesh().env, args, input);

async function ok(args: readonly string[], input?: string, env: Env = mesh().env): Promise<string> {
  const outcome = await runCli(env, args, input);
  expect(outcome.code, `${args.join(" ")}\n${outcome.stderr}`).toBe(0);
  return outcome.stdout;
}

const json = async (args: readonly string[]) => JSON.parse(await ok([...args, "--json"]));

test("OK: namespaces are made, changed, filled, listed and removed with their content", async () => {
  const made = ["namespaces", "create", "lab", "--display-name", "The lab", "--property", "owner=ada=1"];
  expect(await ok(made)).toMatch(/properties +owner=ada=1\n/);
  await ok(["namespaces", "update", "lab", "--description", "Measurements"]);
  expect(await ok(["namespaces", "get", "lab"])).toMatch(
    /display name +The lab\ndescription +Measurements\n/,
  );
  expect(await ok(["namespaces", "list", "--order-by", "name", "-q"])).toBe("default\nlab\n");

  await ok(["files", "put", "-", "--name", "a.csv", "--namespace", "lab"], "id\n1\n");
  await ok(["files", "put", "-", "--name", "b.csv"], "id\n2\n");
  expect(await ok(["files", "ls", "--namespace", "lab"])).toMatch(/a\.csv/);
  expect(await ok(["files", "ls", "--namespace", "lab"])).not.toMatch(/b\.csv/);
  expect((await sluice(["files", "ls", "--filter", 'name = "b.csv"', "--show-total"])).stderr).toBe(
    "1 in all\n",
  );
  await ok(["files", "mv", "b.csv", "lab"]);
  expect((await json(["files", "ls", "--namespace", "lab", "--order-by", "name"])).files).toMatchObject([
    { name: "a.csv" },
    { name: "b.csv" },
  ]);
  const source = ["--file", "a.csv", "--set", "tableName=a"];
  await ok(["sources", "create", "figures", ...source, "--namespace", "lab", "-q"]);
  await ok(["discover", "figures"]);
  for (const list of [["sources", "list"], ["tables"]]) {
    expect((await ok([...list, "--namespace", "lab", "-q"])).trim().split("\n")).toHaveLength(1);
    expect((await sluice([...list, "--namespace", "default"])).stderr).toBe("There are none.\n");
  }
  await ok(["stage", "figures", "a"]);
  expect((await ok(["jobs", "list", "--namespace", "lab", "-q"])).trim().split("\n")).toHaveLength(1);
  await ok(["projects", "create", "of the lab", "--source", "figures", "--table", "a"]);
  expect(await ok(["projects", "list", "--namespace", "lab"])).toContain("of the lab");
  await ok(["namespaces", "create", "other"]);
  await ok(["sources", "mv", "figures", "other"]);
  expect((await json(["sources", "get", "figures"])).source.namespace).toBe("other");

  expect(await sluice(["namespaces", "delete", "lab", "--yes"])).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("or remove it as well with --force"),
  });
  expect((await sluice(["namespaces", "delete", "lab", "--force"])).code).toBe(2);
  expect((await sluice(["namespaces", "delete", "lab", "--force", "--yes"])).stderr).toMatch(
    /^(Its content is being removed|Removed)\.\n$/,
  );
  expect(await sluice(["namespaces", "create", "no", "--property", "nothing"])).toMatchObject({ code: 2 });
});

test("OK: preferences of the organisation are those of its namespaces unless they have their own", async () => {
  await ok(["namespaces", "create", "north"]);
  const preferences = ["namespaces", "preferences"];
  await ok([...preferences, "set", "region=eu", "tier=gold"]);
  await ok([...preferences, "set", "region=north", "--namespace", "north"]);
  expect(await ok([...preferences, "get", "--namespace", "north"])).toBe("region  north\n");
  expect((await json([...preferences, "get", "--namespace", "north", "--resolved"])).preferences).toEqual({
    region: "north",
    tier: "gold",
  });
  await ok([...preferences, "delete", "--namespace", "north", "--yes"]);
  expect((await sluice([...preferences, "get", "--namespace", "north"])).stderr).toBe("There are none.\n");
  expect(await ok(["__complete", ...preferences, "s"])).toMatch(/^set\t/);
});

test("OK: a grant gives a role in a namespace, is explained, and is taken back", async () => {
  await ok(["namespaces", "create", "south"]);
  await ok(["users", "create", "eve@example.org", "--password-stdin"], "another long password");
  const explain = ["access", "explain", "storage.files.write", "--namespace", "south"];
  expect(await ok([...explain, "--user", "eve@example.org"])).toMatch(/^refused\n.+\n- /);
  const who = ["--user", "eve@example.org"];
  const grant = await json(["grants", "create", "editor", ...who, "--namespace", "south"]);
  expect(await ok(["grants", "list", ...who])).toMatch(/editor +south +user /);
  expect(await ok([...explain, ...who])).toMatch(/^allowed\n/);
  expect(await ok([...explain])).toMatch(/^allowed\n/);
  const method = "sluice.storage.v1.FileService.ListFiles";
  expect(await ok(["access", "explain", method, ...who])).toMatch(/^(allowed|refused)\n/);
  await ok(["grants", "delete", grant.grant.grantId, "--yes"]);
  expect(await ok(["grants", "list", ...who, "-q"])).not.toContain(grant.grant.grantId);
  await ok(["grants", "create", "viewer", "--group", "analysts"]);
  expect(await ok(["grants", "list", "--group", "analysts"])).toContain("group analysts");
  for (const wrong of [["king", ...who], ["viewer"], ["viewer", ...who, "--group", "analysts"]]) {
    expect((await sluice(["grants", "create", ...wrong])).code, wrong.join(" ")).toBe(2);
  }
});

test("OK: keys are narrowed, renamed and rotated", async () => {
  await ok(["namespaces", "create", "west"]);
  const narrow = ["--permission", "storage.files.read", "--namespace", "west", "--expires", "2126-01-31"];
  const { apiKey, secret } = await json(["keys", "create", "reader", "--role", "viewer", ...narrow]);
  expect(apiKey).toMatchObject({
    permissions: ["storage.files.read"],
    namespaces: ["west"],
    expireTime: "2126-01-31T00:00:00Z",
  });
  const env = { ...(await mesh().newUser()), SLUICE_API_KEY: secret };
  expect((await runCli(env, ["files", "ls"])).code).toBe(0);
  expect((await runCli(env, ["sources", "list"])).code).toBe(4);
  await ok(["keys", "update", apiKey.apiKeyId, "--name", "renamed", "--expires", "2125-01-31T12:00:00Z"]);
  expect(await ok(["keys", "get", apiKey.apiKeyId])).toMatch(/display name +renamed\n/);
  expect(await sluice(["keys", "update", apiKey.apiKeyId, "--expires", "2127-01-31"])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("what to do: leave out what you do not have yourself"),
  });
  for (const wrong of [
    ["--expires", "tomorrow"],
    ["--days", "1", "--expires", "2126-01-31"],
  ]) {
    expect((await sluice(["keys", "create", "k", ...wrong])).code).toBe(2);
  }
  expect(await ok(["keys", "rotate-signing"])).toMatch(/ (signing|published) /);
  expect((await runCli(env, ["keys", "rotate-signing"])).code).toBe(4);
  expect((await sluice(["whoami"])).code).toBe(0);
});

test("OK: a password is reset by an administrator, redeemed once, and changed by its user", async () => {
  const email = "grace@example.org";
  const first = "a first long password";
  await ok(["users", "create", email, "--role", "viewer", "--password-stdin"], first);
  const token = (await ok(["users", "reset-password", email, "--hours", "1"])).trim();
  const env = await mesh().newUser();
  const second = "a second long sentence";
  await ok(["password", "redeem", "--password-stdin"], `${token}\n${second}\n`, env);
  expect(await runCli(env, ["password", "redeem", "--password-stdin"], `${token}\n${second}`)).toMatchObject({
    stderr: expect.stringContaining("ask an administrator for another one"),
  });
  await ok(["login", "--email", email, "--password-stdin"], second, env);
  expect(await runCli(env, ["password", "change", "--password-stdin"], `${second}\nshort\n`)).toMatchObject({
    code: 7,
  });
  expect(await runCli(env, ["password", "change", "--password-stdin"], second)).toMatchObject({ code: 2 });
  expect(await runCli(env, ["password", "change"])).toMatchObject({ code: 2 });
  const third = "a third long sentence";
  using terminal = runInTerminal(env, ["password", "change"]);
  await terminal.shows("Old password");
  terminal.type(second + keys.enter);
  await terminal.shows("New password");
  terminal.type(third + keys.enter);
  await terminal.shows("New password again");
  terminal.type(third + keys.enter);
  await terminal.shows("It is changed");
  expect(await terminal.ended).toBe(0);
  for (const secret of [second, third]) expect(terminal.output()).not.toContain(secret);
  await ok(["login", "--email", email, "--password-stdin"], third, env);
});

test("OK: the audit is listed, exported and verified", async () => {
  const env = await mesh().newUser();
  await runCli(env, ["login", "--email", admin, "--password-stdin"], "a wrong long password");
  const list = ["audit", "list", "--outcome", "refused", "--after", "2026-01-31"];
  // Refusals are recorded within a second or two.
  await expect.poll(() => ok(list)).toMatch(/refused/);
  const { events } = await json([...list, "--limit", "1"]);
  expect(await ok(["audit", "list", "--kind", events[0].kind, "-q"])).toContain(events[0].eventId);
  expect((await sluice(["audit", "list", "--before", "2020-01-01"])).stderr).toBe("There are none.\n");
  expect((await sluice(["audit", "list", "--after", "yesterday"])).code).toBe(2);
  await ok(["login", "--email", admin, "--password-stdin"], password, env);
  const path = join(mesh().folder, "audit.ndjson");
  await writeFile(path, "an older export");
  await ok(["audit", "export", "-o", path]);
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ eventId: events[0].eventId }),
  );
  expect((await ok(["audit", "export", "--outcome", "refused"])).trim().split("\n")[0]).toMatch(/^\{.*\}$/);
  const verified = await ok(["audit", "verify"]);
  expect(verified).toMatch(/identity +yes +\d+ /);
  expect(verified).toMatch(/approval +yes +\d+ /);
});
