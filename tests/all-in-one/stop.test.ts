import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { logIn } from "../e2e/api.ts";
import { startOnFolder } from "../e2e/mesh-process.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const password = "a long first password";

/** Begins an upload of which a part is sent; resolves when the edge has asked for it. */
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
  const ended = mesh.end("SIGTERM", "process");
  // The port is closed before calls are waited for.
  await expect.poll(() => fetch(mesh.url).catch(() => "closed")).toBe("closed");
  const answered = once(upload, "response");
  upload.end("x".repeat(990));
  const [response] = await answered;
  response.resume();
  expect(response.statusCode).toBe(201);
  expect(await ended).toBe(0);
  expect(mesh.output()).not.toMatch(/^ +at |Error:/m);
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
  const program = spawn(process.execPath, [join(import.meta.dirname, "stopped-mesh.ts")], {
    env: {
      PATH: process.env.PATH,
      SLUICE_DATA_DIR: folder.path,
      EDGE_PORT: "0",
      BOOTSTRAP_ADMIN_PASSWORD: password,
      LOG_LEVEL: "warn",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  program.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(program, "close");
  await expect.poll(() => output).toMatch(/ready at/);
  const url = /ready at (\S+)/.exec(output)?.[1] ?? "";
  expect(await logIn(url, password)).toBeTruthy();
  program.stdin.end();
  expect(await ended).toEqual([0, null]);
  // Standard output is a pipe.
  expect(
    JSON.parse(/left: (.*)/.exec(output)?.[1] ?? "").filter((kind: string) => kind !== "PipeWrap"),
  ).toEqual([]);
});
