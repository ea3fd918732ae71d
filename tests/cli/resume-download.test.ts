import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { type Env, runCli, startCli } from "./lib/cli.ts";
import { startCliMesh } from "./lib/cli-mesh.ts";
import { openGate } from "./lib/gate.ts";
import { orFailure } from "./lib/or-failure.ts";

const mebibyte = 1024 * 1024;

const mesh = forFile(() => startCliMesh());

const sha256Of = (content: string) => createHash("sha256").update(content).digest("hex");

/** Text of 12 MiB, of which about half is transferred, as responses are compressed. */
const newContent = () => randomBytes(6 * mebibyte).toString("hex");

/** A stored file, a folder for its download, and a user whose calls go through a gate. */
async function prepare() {
  const gate = await openGate(mesh().url);
  const content = newContent();
  const folder = await mkdtemp(join(mesh().folder, "data-"));
  await writeFile(join(folder, "source"), content);
  const put = ["files", "put", join(folder, "source"), "--name", "big.txt", "-q"];
  const fileId = (await runCli(mesh().env, put)).stdout.trim();
  const key = (await runCli(mesh().env, ["keys", "create", "reader", "--role", "editor"])).stdout.trim();
  const env = { ...(await mesh().newUser()), SLUICE_SERVER: gate.url, SLUICE_API_KEY: key };
  const target = await mkdtemp(join(mesh().folder, "target-"));
  return { gate, content, fileId, target, env };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

const get = ({ env, fileId, target }: Prepared) => runCli(env, ["files", "get", fileId, "-o", target]);

const partsIn = async (target: string) => (await readdir(target)).filter((name) => name.endsWith(".part"));

/** Downloads until so many bytes have arrived, and ends the command. */
async function interrupt({ gate, env, fileId, target }: Prepared, signal: NodeJS.Signals) {
  const held = gate.spoil({ direction: "down", bytes: 4 * mebibyte, action: "hold" });
  const command = startCli(env, ["files", "get", fileId, "-o", target]);
  await orFailure(held, command);
  // The bytes are on their way from the connection to the disk.
  await expect
    .poll(async () => {
      const [part = ""] = await partsIn(target);
      return part === "" ? 0 : (await stat(join(target, part))).size;
    })
    .toBeGreaterThan(mebibyte);
  command.kill(signal);
  return command.ended;
}

/** Stores other content under the file's id. */
async function change({ SLUICE_API_KEY = "" }: Env, fileId: string): Promise<string> {
  const content = newContent();
  const stored = await fetch(`${mesh().url}/api/v1/storage/files/${fileId}/content`, {
    method: "PUT",
    headers: { "x-api-key": SLUICE_API_KEY, "content-type": "text/plain" },
    body: content,
  });
  expect(stored.status).toBe(201);
  return content;
}

const expectComplete = async ({ target }: Prepared, content: string) => {
  expect(await readdir(target)).toEqual(["big.txt"]);
  expect(sha256Of(await readFile(join(target, "big.txt"), "utf8"))).toBe(sha256Of(content));
};

test("OK: Ctrl-C and kill -9 leave a part, which the repeated command continues", async () => {
  const prepared = await prepare();
  await using _gate = prepared.gate;
  expect(await interrupt(prepared, "SIGINT")).toEqual({
    code: 130,
    stdout: "",
    stderr: "error: interrupted\nwhat to do: the same command goes on where it stopped\n",
  });
  expect(await partsIn(prepared.target)).toHaveLength(1);
  prepared.gate.heal();
  expect(await get(prepared)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^big\.txt: resumes at \d\.\d+ MiB of 12\.0 MiB\n.+ is complete and verified/,
    ),
  });
  await expectComplete(prepared, prepared.content);

  const again = { ...prepared, target: await mkdtemp(join(mesh().folder, "target-")) };
  expect((await interrupt(again, "SIGKILL")).code).toBe(null);
  expect(await get(again)).toMatchObject({ code: 0, stderr: expect.stringContaining("resumes at") });
  await expectComplete(again, prepared.content);
});

test("OK: a lost connection is tried again, wherever it is lost", async () => {
  const prepared = await prepare();
  await using gate = prepared.gate;
  const happened = gate.spoil(
    { direction: "down", bytes: 1, action: "cut" },
    { direction: "down", bytes: 1500, action: "cut" },
    { direction: "down", bytes: 3 * mebibyte, action: "cut" },
    { direction: "down", bytes: 65_536, action: "cut" },
    { direction: "up", bytes: 10, action: "cut" },
  );
  const command = startCli(prepared.env, [
    "files",
    "get",
    prepared.fileId,
    "-o",
    prepared.target,
    "--retries",
    "5",
  ]);
  await orFailure(happened, command);
  const { code, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  expect(stderr).toMatch(/: the connection was lost \(.+\): trying again in 0\.5 s \(1 of 5\)/);
  await expectComplete(prepared, prepared.content);
});

test("OK: a file that has changed since the interruption begins anew", async () => {
  const prepared = await prepare();
  await using _gate = prepared.gate;
  await interrupt(prepared, "SIGINT");
  const changed = await change(prepared.env, prepared.fileId);
  expect(await get(prepared)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^big\.txt has changed on the server: its download begins anew\n.+ verified/,
    ),
  });
  await expectComplete(prepared, changed);
});

test("OK: a file that changes while it is downloaded begins anew", async () => {
  const prepared = await prepare();
  const { gate, env, fileId, target } = prepared;
  await using _gate = gate;
  const held = gate.spoil({ direction: "down", bytes: 4 * mebibyte, action: "hold" });
  const command = startCli(env, ["files", "get", fileId, "-o", target]);
  await orFailure(held, command);
  const changed = await change(env, fileId);
  gate.heal();
  const { code, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("big.txt has changed on the server: its download begins anew\n"),
  });
  await expectComplete(prepared, changed);
});

test("OK: standard output gets each byte once, and is refused after a change", async () => {
  const { gate, env, fileId, content } = await prepare();
  await using _gate = gate;
  const happened = gate.spoil({ direction: "down", bytes: 4 * mebibyte, action: "cut" });
  const cut = startCli(env, ["files", "get", fileId, "-o", "-"]);
  await orFailure(happened, cut);
  const whole = await cut.ended;
  expect({ code: whole.code, sha256: sha256Of(whole.stdout) }).toEqual({
    code: 0,
    sha256: sha256Of(content),
  });

  const held = gate.spoil({ direction: "down", bytes: 4 * mebibyte, action: "hold" });
  const command = startCli(env, ["files", "get", fileId, "-o", "-"]);
  await orFailure(held, command);
  await change(env, fileId);
  gate.heal();
  expect(await command.ended).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("error: big.txt has changed on the server while it was downloaded\n"),
  });
});
