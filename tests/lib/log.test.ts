import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { parseConfig } from "../../services/identity/config.ts";

test("ConfigError: a database's URL that can't be read, without its password", () => {
  const parse = () => parseConfig({ database_url: "postgres://identity:open#sesame@127.0.0.1/identity" });
  expect(parse).toThrow(/database_url: must be a URL: percent-encode/);
  expect(parse).not.toThrow(/sesame/);
});

test("OK: what could not be parsed is in no log", async () => {
  const code = `
    import { createLog } from "./services/lib/telemetry/log.ts";
    try { new URL("redis://:open#sesame@:x"); } catch (err) { createLog("x", { logLevel: "info" }).error({ err }); }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await text(child.stdout);
  expect(JSON.parse(line).err).toMatchObject({ code: "ERR_INVALID_URL", input: "[Redacted]" });
  expect(line).not.toContain("sesame");
});
