import { once } from "node:events";
import { request } from "node:http";
import { expect, test } from "vitest";
import { logIn } from "../e2e/api.ts";
import { startOnFolder } from "../e2e/mesh-process.ts";
import { startProgram } from "../lib/program.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const password = "a long first password";

/** Starts an upload and sends a part of it, after the edge has requested the body. */
async function beginUpload(url: string) {
  const upload = request(`${url}/api/v1/storage/files?name=slow.bin`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await logIn(url, password)}`,
      "content-type": "application/octet-stream",
      "content-length": 1000,
      expect: "100-continue",
    },
  });
  upload.on("error", () => {});
  upload.flushHeaders();
  await once(upload, "continue");
  upload.write("x".repeat(10));
  return upload;
}

test("exit code 0: a stop waits for an upload, which ends well, and prints no stack trace", async () => {
  await using folder = await temporaryFolder();
  await using mesh = await startOnFolder(folder.path, password);
  const upload = await beginUpload(mesh.url);
  const started = mesh.output().length;
  const ended = mesh.end("SIGTERM", "process");
  // The port closes before running calls are drained.
  await expect.poll(() => fetch(mesh.url).catch(() => "closed")).toBe("closed");
  const answered = once(upload, "response");
  upload.end("x".repeat(990));
  const [response] = await answered;
  response.resume();
  expect(response.statusCode).toBe(201);
  expect(await ended).toBe(0);
  expect(mesh.output().slice(started)).not.toMatch(/^ +at |Error:/m);
});

test("exit code 1: a second signal stops at once, though an upload is under way", async () => {
  await using folder = await temporaryFolder();
  await using mesh = await startOnFolder(folder.path, password);
  await beginUpload(mesh.url);
  const first = mesh.end("SIGTERM", "process");
  await expect.poll(() => fetch(mesh.url).catch(() => "closed")).toBe("closed");
  expect(await mesh.end("SIGTERM", "process")).toBe(1);
  expect(await first).toBe(1);
});

test("OK: after its stop nothing is left that Node waits for", async () => {
  await using folder = await temporaryFolder();
  await using program = startProgram("tests/all-in-one/stopped-mesh.ts", {
    SLUICE_DATA_DIR: folder.path,
    EDGE_PORT: "0",
    BOOTSTRAP_ADMIN_PASSWORD: password,
    LOG_LEVEL: "warn",
  });
  const url = await program.printed(/ready at (\S+)/);
  expect(await logIn(url, password)).toBeTruthy();
  program.process.kill("SIGTERM");
  expect(await program.ended).toBe(0);
  const left = JSON.parse(/left: (.*)/.exec(program.output())?.[1] ?? "") as string[];
  // Standard output and error are pipes.
  expect(left.filter((kind) => kind !== "PipeWrap")).toEqual([]);
});
