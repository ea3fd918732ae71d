import { expect, test } from "vitest";
import { parseConfig } from "../../services/all-in-one/config.ts";

test.each([
  [{}, "http://127.0.0.1:8080"],
  [{ EDGE_HOST: "sluice.lan", EDGE_PORT: "00080" }, "http://sluice.lan:80"],
  [{ EDGE_HOST: "::1" }, "http://[::1]:8080"],
  [{ EDGE_PORT: "0" }, undefined],
  [{ EDGE_HOST: "0.0.0.0" }, undefined],
  [{ EDGE_HOST: "::" }, undefined],
  [{ TLS_CERT_FILE: "/c", TLS_KEY_FILE: "/k" }, "https://127.0.0.1:8080"],
  [{ EDGE_HOST: "0.0.0.0", PUBLIC_URL: "https://sluice.example.org" }, "https://sluice.example.org"],
])("OK: with %o signed URLs begin with %s", (env, publicUrl) => {
  expect(parseConfig(env).publicUrl).toBe(publicUrl);
});

test("OK: the settings of TLS and CORS go to the edge as they are", () => {
  const env = {
    TLS_CERT_FILE: "/c",
    TLS_KEY_FILE: "/k",
    CORS_ALLOWED_ORIGINS: "https://a.example",
    OTHER: "x",
  };
  const { OTHER: _, ...passed } = env;
  expect(parseConfig(env).edgeSettings).toMatchObject(passed);
  expect(parseConfig(env).edgeSettings).not.toHaveProperty("OTHER");
});
