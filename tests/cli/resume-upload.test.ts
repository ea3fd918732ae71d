import { createHash, randomFillSync } from "node:crypto";
import { mkdtemp, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { type Env, runCli, startCli } from "./lib/cli.ts";
import { startCliMesh } from "./lib/cli-mesh.ts";
import { openGate } from "./lib/gate.ts";
import { orFailure } from "./lib/or-failure.ts";

const mebibyte = 1024 * 1024;
const sizeBytes = 24 * mebibyte;

const mesh = forFile(() => startCliMesh());

const sha256Of = (content: Buffer) => createHash("sha256").update(content).digest("hex");

/** A file in a folder of its own, and a user whose calls go through a gate. */
async function prepare() {
  const gate = await openGate(mesh().url);
  const content = randomFillSync(Buffer.alloc(sizeBytes));
  const path = join(await mkdtemp(join(mesh().folder, "data-")), "big.bin");
  await writeFile(path, content);
  const key = await runCli(mesh().env, ["keys", "create", "uploader", "--role", "editor"]);
  const env = { ...(await mesh().newUser()), SLUICE_SERVER: gate.url, SLUICE_API_KEY: key.stdout.trim() };
  return { gate, content, path, sha256: sha256Of(content), env };
}

const list = async (env: Env) =>
  JSON.parse(
    (await runCli({ ...env, SLUICE_SERVER: mesh().url }, ["files", "uploads", "ls", "--json"])).stdout,
  ).uploads;

/** Bytes that the server has of the only upload. */
const offsetOf = async (env: Env): Promise<number> => Number((await list(env))[0]?.offsetBytes);

const recordsOf = async ({ SLUICE_CONFIG_DIR = "" }: Env): Promise<string[]> =>
  (await readdir(join(SLUICE_CONFIG_DIR, "uploads"))).map((name) => join(SLUICE_CONFIG_DIR, "uploads", name));

/** Uploads until so many bytes have arrived, and ends the command. Resolves when the server has kept them. */
async function interrupt(
  { gate, path, env }: Awaited<ReturnType<typeof prepare>>,
  signal: NodeJS.Signals,
  bytes = 12 * mebibyte,
) {
  const held = gate.spoil({ direction: "up", bytes, action: "hold" });
  const command = startCli(env, ["files", "put", path]);
  await orFailure(held, command);
  command.kill(signal);
  const outcome = await command.ended;
  await expect.poll(() => offsetOf(env)).toBeGreaterThan(0);
  return outcome;
}

const put = async ({ env, path }: { env: Env; path: string }, ...more: string[]) => {
  const { code, stdout, stderr } = await runCli(env, ["files", "put", path, "-q", ...more]);
  const shown = code === 0 ? (await runCli(env, ["files", "show", stdout.trim(), "--json"])).stdout : "{}";
  return { code, stderr, file: JSON.parse(shown).file };
};

test("OK: Ctrl-C says how to go on, and the repeated command continues where the server is", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  const interrupted = await interrupt(upload, "SIGINT");
  expect(interrupted).toEqual({
    code: 130,
    stdout: "",
    stderr: "error: interrupted\nwhat to do: the same command goes on where it stopped, within 24 hours\n",
  });
  const [record = ""] = await recordsOf(upload.env);
  expect(await recordsOf(upload.env)).toHaveLength(1);
  expect((await stat(record)).mode & 0o777).toBe(0o600);
  expect(await readFile(record, "utf8")).not.toContain(upload.env.SLUICE_API_KEY);

  const { code, stderr, file } = await put(upload);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^big\.bin: resumes at 1[12]\.?\d* MiB of 24\.0 MiB\n$/),
  });
  expect(file).toMatchObject({ name: "big.bin", sizeBytes: String(sizeBytes), sha256: upload.sha256 });
  expect(await recordsOf(upload.env)).toEqual([]);
  expect(await list(upload.env)).toEqual([]);
});

test("OK: a killed command is continued, and tags and folder are those of the last one", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  expect(await interrupt(upload, "SIGKILL")).toMatchObject({ code: null, stderr: "" });
  const { code, stderr, file } = await put(upload, "--tag", "raw", "--property", "of=ada");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("resumes at 1") });
  expect(file).toMatchObject({ sha256: upload.sha256, tags: ["raw"], properties: { of: "ada" } });
});

test("OK: a lost connection is tried again, wherever it is lost, even after the last byte", async () => {
  const upload = await prepare();
  await using gate = upload.gate;
  const happened = gate.spoil(
    // While the upload is created, then in its bytes, then in the response to the last of them.
    { direction: "up", bytes: 700, action: "cut" },
    { direction: "up", bytes: 3 * mebibyte, action: "cut" },
    { direction: "up", bytes: 256 * 1024 + 1, action: "cut" },
    { direction: "up", bytes: 11 * mebibyte, action: "cut" },
    { direction: "up", bytes: 5 * mebibyte, action: "cut" },
    { direction: "down", bytes: 1500, action: "cut" },
  );
  const { code, stderr, file } = await put(upload);
  await happened;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  expect(stderr).toMatch(/big\.bin: the connection was lost \(.+\): trying again in 0\.5 s \(1 of 9\)/);
  expect(file).toMatchObject({ sha256: upload.sha256 });
  expect(await list(upload.env)).toEqual([]);
});

test("OK: a response that is lost after the last byte leads to the one file", async () => {
  const upload = await prepare();
  await using gate = upload.gate;
  const happened = gate.spoil(
    { direction: "up", bytes: sizeBytes, action: "cut" },
    { direction: "down", bytes: 1, action: "cut" },
  );
  const { code, file } = await put(upload);
  await happened;
  expect({ code, file }).toMatchObject({ code: 0, file: { sha256: upload.sha256 } });
});

test("Unavailable: without attempts left it fails, says how to go on, and goes on", async () => {
  const upload = await prepare();
  await using gate = upload.gate;
  const happened = gate.spoil({ direction: "up", bytes: 10 * mebibyte, action: "cut" });
  const failed = await runCli(upload.env, ["files", "put", upload.path, "--retries", "0"]);
  await happened;
  expect(failed).toMatchObject({ stdout: "" });
  expect(failed.code).not.toBe(0);
  expect(failed.stderr).toContain("big.bin: the upload is not complete; the same command goes on");
  await expect.poll(() => offsetOf(upload.env)).toBeGreaterThan(0);
  expect(await put(upload)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("resumes at"),
    file: { sha256: upload.sha256 },
  });
});

test("OK: a changed file begins anew, and the upload of the old one is removed", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  await interrupt(upload, "SIGINT");
  const [{ uploadId }] = await list(upload.env);
  const { mtime, atime } = await stat(upload.path);
  const changed = Buffer.from(upload.content);
  changed.writeUInt8(changed.readUInt8(5) ^ 1, 5);
  await writeFile(upload.path, changed);
  const told = "big.bin has changed since its upload was interrupted: it begins anew\n";
  expect(await put(upload)).toMatchObject({ code: 0, stderr: told, file: { sha256: sha256Of(changed) } });
  expect(await list(upload.env)).toEqual([]);
  expect((await runCli(upload.env, ["files", "show", uploadId])).code).toBe(5);

  // A change that size and time do not show.
  await utimes(upload.path, atime, mtime);
  await interrupt({ ...upload }, "SIGINT");
  await writeFile(upload.path, upload.content);
  await utimes(upload.path, atime, mtime);
  expect(await put(upload)).toMatchObject({ code: 0, stderr: told, file: { sha256: upload.sha256 } });
});

test("OK: an upload that expired or was removed begins anew, and --no-resume removes what there is", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  await interrupt(upload, "SIGINT");
  const [first] = await list(upload.env);
  expect((await runCli(upload.env, ["files", "uploads", "rm", first.uploadId, "--yes"])).code).toBe(0);
  expect(await put(upload)).toMatchObject({
    code: 0,
    stderr: "big.bin: the interrupted upload has expired or was removed: it begins anew\n",
    file: { sha256: upload.sha256 },
  });

  await interrupt(upload, "SIGINT");
  expect(await put(upload, "--no-resume")).toMatchObject({ code: 0, stderr: "" });
  expect(await list(upload.env)).toEqual([]);

  await interrupt(upload, "SIGINT");
  const [record = ""] = await recordsOf(upload.env);
  const gone = await endedUpload(upload.env);
  await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, "utf8")), uploadId: gone }));
  expect(await put(upload)).toMatchObject({
    code: 0,
    stderr: "big.bin: the interrupted upload has expired or was removed: it begins anew\n",
    file: { sha256: upload.sha256 },
  });
});

/** An upload that the server has ended, as an expired one. */
async function endedUpload({ SLUICE_API_KEY = "" }: Env): Promise<string> {
  const call = (path: string, body: string, type: string) =>
    fetch(`${mesh().url}/api/v1/storage/resumable-uploads${path}`, {
      method: "POST",
      headers: { "x-api-key": SLUICE_API_KEY, "content-type": type },
      body,
    });
  const announced = JSON.stringify({ lengthBytes: "1", sha256: "0".repeat(64) });
  const { upload } = (await (await call("", announced, "application/json")).json()) as {
    upload: { uploadId: string };
  };
  const refused = await call(`/${upload.uploadId}:append?offset_bytes=0`, "x", "application/octet-stream");
  expect(refused.status).toBe(400);
  return upload.uploadId;
}

test("OK: another user on the same account of the machine begins an upload of their own", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  await interrupt(upload, "SIGINT");
  const { SLUICE_API_KEY: _key, ...without } = upload.env;
  const email = "eve@example.org";
  await runCli(
    mesh().env,
    ["users", "create", email, "--role", "editor", "--password-stdin"],
    "another long password",
  );
  const login = await runCli(
    without,
    ["login", "--email", email, "--password-stdin"],
    "another long password",
  );
  expect(login.code).toBe(0);
  expect(await put({ env: without, path: upload.path })).toMatchObject({
    code: 0,
    stderr: "",
    file: { sha256: upload.sha256 },
  });
  expect(await put(upload)).toMatchObject({ code: 0, stderr: expect.stringContaining("resumes at") });
});

test("AlreadyExists: the same upload runs once at a time", async () => {
  const upload = await prepare();
  await using gate = upload.gate;
  const held = gate.spoil({ direction: "up", bytes: 12 * mebibyte, action: "hold" });
  const command = startCli(upload.env, ["files", "put", upload.path]);
  await orFailure(held, command);
  expect(await runCli(upload.env, ["files", "put", upload.path])).toEqual({
    code: 6,
    stdout: "",
    stderr: `error: another command is uploading ${upload.path} as big.bin\nwhat to do: wait for its end\n`,
  });
  gate.heal();
  expect(await command.ended).toMatchObject({ code: 0 });
});

test("ResourceExhausted: an upload beyond the quota keeps nothing", async () => {
  const upload = await prepare();
  await using _gate = upload.gate;
  await runCli(mesh().env, ["quota", "set", "1"]);
  const refused = await runCli(upload.env, ["files", "put", upload.path]);
  expect(refused).toMatchObject({ code: 9, stdout: "" });
  expect(await recordsOf(upload.env)).toEqual([]);
  await runCli(mesh().env, ["quota", "set", "none"]);
});
