import { expect, test } from "vitest";
import { parseConfig } from "../../services/all-in-one/config.ts";

test.each([
  [{}, "http://127.0.0.1:8080"],
  [{ EDGE_HOST: "sluice.lan", EDGE_PORT: "00080" }, "http://sluice.lan:80"],
  [{ EDGE_HOST: "::1" }, "http://[::1]:8080"],
  [{ EDGE_PORT: "0" }, undefined],
  [{ EDGE_HOST: "0.0.0.0" }, undefined],
  [{ EDGE_HOST: "::" }, undefined],
  [{ EDGE_HOST: "0.0.0.0", PUBLIC_URL: "https://sluice.example.org" }, "https://sluice.example.org"],
])("OK: with %o signed URLs begin with %s", (env, publicUrl) => {
  expect(parseConfig(env).publicUrl).toBe(publicUrl);
});
