import { execFile } from "node:child_process";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { runCli } from "./lib/cli.ts";
import { startCliMesh } from "./lib/cli-mesh.ts";

const mesh = forFile(() => startCliMesh());
const sluice = (args: readonly string[], input?: string) => runCli(mesh().env, args, input);

async function ok(args: readonly string[], input?: string): Promise<string> {
  const outcome = await sluice(args, input);
  expect(outcome.code, `${args.join(" ")}\n${outcome.stderr}`).toBe(0);
  return outcome.stdout;
}

const json = async (args: readonly string[]) => JSON.parse(await ok([...args, "--json"]));
const put = async (name: string, content: string, ...more: string[]) =>
  (await ok(["files", "put", "-", "--name", name, "-q", ...more], content)).trim();

test("OK: a file gets folder, tags and properties with its upload and later, and keeps what is not named", async () => {
  const described = [
    "--folder",
    "raw",
    "--tag",
    "b",
    "--tag",
    "a",
    "--property",
    "of=ada",
    "--property",
    "x=1",
  ];
  const id = await put("weather.csv", "id\n1\n", ...described);
  expect((await json(["files", "show", id])).file).toMatchObject({
    folder: "raw/",
    tags: ["a", "b"],
    properties: { of: "ada", x: "1" },
  });
  const change = ["--tag", "c", "--remove-tag", "b", "--property", "of=eve=2", "--remove-property", "x"];
  const { file } = await json(["files", "update", "raw/weather.csv", ...change]);
  expect(file).toMatchObject({ tags: ["a", "c"], properties: { of: "eve=2" }, folder: "raw/" });
  expect(file.properties).toEqual({ of: "eve=2" });
  const moved = ["--name", "new.csv", "--folder", "", "--content-type", "text/plain"];
  expect(await ok(["files", "update", id, ...moved])).toMatch(/name +new\.csv\n/);
  expect((await json(["files", "show", "new.csv"])).file).toMatchObject({
    contentType: "text/plain",
    folder: "",
    tags: ["a", "c"],
  });
  expect(await sluice(["files", "update", id])).toMatchObject({ code: 2 });
  expect(await sluice(["files", "update", id, "--name", "a/b"])).toMatchObject({ code: 7 });
  expect(await sluice(["files", "update", "nothing", "--tag", "x"])).toMatchObject({ code: 5 });
});

test("OK: several files are one archive, in a file or in a pipe", async () => {
  const ids = [await put("one.txt", "first"), await put("two.txt", "second", "--folder", "in/")];
  const folder = join(mesh().folder, "archives");
  await mkdir(folder);
  const tar = join(folder, "both.tar");
  expect(await sluice(["files", "archive", ...ids, "-o", tar])).toMatchObject({
    code: 0,
    stderr: `${tar} is complete.\n`,
  });
  await promisify(execFile)("tar", ["-xf", tar, "-C", folder]);
  expect(await readFile(join(folder, "in", "two.txt"), "utf8")).toBe("second");
  await ok(["files", "archive", "--prefix", "in/", "-o", join(folder, "in.zip")]);
  expect((await readFile(join(folder, "in.zip"))).subarray(0, 2).toString()).toBe("PK");
  expect(await ok(["files", "archive", "one.txt", "--format", "tar", "-o", "-"])).toContain("first");

  expect(await sluice(["files", "archive", ...ids, "-o", tar])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("add --force"),
  });
  await ok(["files", "archive", ...ids, "-o", tar, "--force"]);
  const none = join(folder, "none.zip");
  expect((await sluice(["files", "archive", "--prefix", "nothing/", "-o", none])).code).toBe(5);
  await expect(stat(none)).rejects.toThrow("ENOENT");
  for (const wrong of [["-o", none], ["one.txt"], ["one.txt", "--prefix", "in/", "-o", none]])
    expect(await sluice(["files", "archive", ...wrong]), wrong.join(" ")).toMatchObject({ code: 2 });
});

test("OK: signed URLs read and receive files, are listed, and stop when they are revoked", async () => {
  const id = await put("public.txt", "for all");
  const { stdout, stderr } = await sluice([
    "files",
    "urls",
    "create",
    "public.txt",
    "--hours",
    "2",
    "--uses",
    "5",
  ]);
  const url = stdout.trim();
  expect(stderr).toMatch(/^It works until .+Z\. Its id is [0-9a-f-]{36}\.\n$/);
  expect(await (await fetch(url)).text()).toBe("for all");
  const received = await json(["files", "urls", "receive", "sent.txt", "--max-size", "1KiB"]);
  const address = new URL(received.url, mesh().url);
  expect((await fetch(address, { method: "PUT", body: "x".repeat(2000) })).status).not.toBe(201);
  expect((await fetch(address, { method: "PUT", body: "sent" })).status).toBe(201);
  expect(await ok(["files", "get", "sent.txt", "-o", "-"])).toBe("sent");

  const listed = await ok(["files", "urls", "ls"]);
  expect(listed).toMatch(new RegExp(`reads +${id} +1 of 5 `));
  expect(listed).toMatch(/uploads +sent\.txt +1 of 1 /);
  expect(listed).not.toContain(new URL(url).pathname.split("/").at(-1));
  const [, urlId = ""] = /Its id is ([0-9a-f-]+)/.exec(stderr) ?? [];
  await ok(["files", "urls", "revoke", urlId, "--yes"]);
  expect((await fetch(url)).status).toBe(404);
  const another = (await ok(["files", "urls", "create", "public.txt"])).trim();
  await ok(["files", "urls", "revoke", "--file", "public.txt", "--yes"]);
  expect((await fetch(another)).status).toBe(404);
  for (const wrong of [["revoke"], ["revoke", urlId], ["create", id, "--hours", "0"]])
    expect(await sluice(["files", "urls", ...wrong]), wrong.join(" ")).toMatchObject({ code: 2 });
});

test("OK: policies of uploads and of the trash are shown and set, and what is not named stays", async () => {
  await ok(["namespaces", "create", "lab"]);
  const uploads = (...args: string[]) => ["policies", "uploads", ...args, "--namespace", "lab"];
  expect(await ok(uploads("get"))).toMatch(/^types +all\nlargest file +5 TiB/);
  await ok(uploads("set", "--type", "text/*", "--max-size", "10"));
  expect(await ok(uploads("get"))).toMatch(/^types +text\/\*\nlargest file +10 B\n/);
  const { policy } = await json(uploads("set", "--type", "text/csv", "--type", "image/*"));
  expect(policy).toMatchObject({ allowedTypes: ["text/csv", "image/*"], fileBytesMax: "10" });
  const refused = await sluice(["files", "put", "-", "--name", "a.txt", "--namespace", "lab"], "text");
  expect(refused).toMatchObject({ code: 7, stderr: expect.stringContaining("sluice policies uploads get") });
  await ok(uploads("set", "--any-type", "--max-size", "none"));
  await put("a.txt", "more than ten bytes", "--namespace", "lab");
  for (const wrong of [[], ["--type", "text/csv", "--any-type"], ["--max-size", "big"]])
    expect(await sluice(uploads("set", ...wrong)), wrong.join(" ")).toMatchObject({ code: 2 });

  const trash = (...args: string[]) => ["policies", "trash", ...args, "--namespace", "lab"];
  expect(await ok(trash("get"))).toMatch(/^kept +7 days\nchanged +never\n/);
  expect((await json(trash("set", "--days", "30"))).trashPolicy.undeleteWindow).toBe("2592000s");
  expect(await ok(trash("set", "--days", "0"))).toMatch(/^kept +not at all/);
  expect(await sluice(trash("set"))).toMatchObject({ code: 2 });
  expect(await sluice(["policies", "trash", "get", "--namespace", "nowhere"])).toMatchObject({ code: 5 });
});

test("OK: a scrub is started, watched and read, by administrators of the platform alone", async () => {
  // The first one of a new server begins by itself.
  await expect.poll(() => ok(["scrubs", "show"]), { timeout: 60_000 }).toMatch(/state +completed\n/);
  const { scrub } = await json(["scrubs", "start", "--rate", "1GiB"]);
  await expect
    .poll(() => ok(["scrubs", "show", scrub.scrubId]), { timeout: 60_000 })
    .toMatch(/state +completed\n/);
  expect(await ok(["scrubs", "ls"])).toMatch(new RegExp(`${scrub.scrubId} +completed `));
  expect((await sluice(["scrubs", "findings"])).stderr).toBe("There are none.\n");
  const key = (await ok(["keys", "create", "narrow", "--role", "editor"])).trim();
  const env = { ...(await mesh().newUser()), SLUICE_API_KEY: key };
  expect((await runCli(env, ["scrubs", "start"])).code).toBe(4);
});

test("OK: help and completion know the commands that are read later", async () => {
  expect(await ok(["files", "--help"])).toMatch(/ {2}urls +Signed URLs/);
  expect(await ok(["files", "urls", "--help"])).toMatch(/ {2}receive .*<name>/);
  expect(await ok(["__complete", "files", "urls", "rev"])).toMatch(/^revoke\t/);
  expect(await ok(["__complete", "files", "urls", "create", "x", "--us"])).toMatch(/^--uses\t/);
  expect((await sluice(["files", "urls", "nonsense"])).code).toBe(2);
});
