import { createHash, randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startOnFolder } from "../e2e/mesh-process.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { runCli, startCli } from "./lib/cli.ts";
import { admin, password } from "./lib/cli-mesh.ts";
import { openGate } from "./lib/gate.ts";
import { orFailure } from "./lib/or-failure.ts";

const mebibyte = 1024 * 1024;

test("OK: an upload goes on after the server was killed and started again", {
  timeout: 300_000,
}, async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.path, "mesh");
  await mkdir(folder);
  const first = await startOnFolder(folder, password);
  await using gate = await openGate(first.url);
  const env = {
    SLUICE_CONFIG_DIR: await mkdtemp(join(temporary.path, "user-")),
    SLUICE_SERVER: gate.url,
  };
  await runCli(env, ["login", "--email", admin, "--password-stdin"], password);
  const content = randomFillSync(Buffer.alloc(40 * mebibyte));
  const path = join(temporary.path, "big.bin");
  await writeFile(path, content);

  // More than the server makes durable at a time.
  const held = gate.spoil({ direction: "up", bytes: 30 * mebibyte, action: "hold" });
  const command = startCli(env, ["files", "put", path, "-q"]);
  await orFailure(held, command);
  await first.end("SIGKILL", "process");
  await using second = await startOnFolder(folder, password);
  gate.redirect(second.url);
  gate.heal();

  const { code, stdout, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(
      /^(big\.bin: the connection was lost \(.+\): trying again in .+ s \(\d of 9\)\n)+$/,
    ),
  });
  const { file } = JSON.parse((await runCli(env, ["files", "show", stdout.trim(), "--json"])).stdout);
  expect(file.sha256).toBe(createHash("sha256").update(content).digest("hex"));
});
