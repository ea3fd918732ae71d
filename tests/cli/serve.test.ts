import { join } from "node:path";
import { expect, test } from "vitest";
import { startProgram } from "../lib/program.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

test("OK: `sluice serve` becomes the server of `npm start`, with its signals and exit code", async () => {
  await using folder = await temporaryFolder();
  await using server = startProgram(
    "cli/main.ts",
    {
      SLUICE_DATA_DIR: join(folder.path, "data"),
      EDGE_PORT: "0",
      BOOTSTRAP_ADMIN_PASSWORD: "a long first password",
      LOG_LEVEL: "warn",
    },
    ["serve"],
  );
  const url = await server.printed(/Sluice is ready at (\S+)/);
  expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(200);
  server.process.kill("SIGTERM");
  expect(await server.ended).toBe(0);
});
