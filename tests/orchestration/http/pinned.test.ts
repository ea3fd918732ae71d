import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createHttpClient } from "../../../services/orchestration/connectors/http/http-client.ts";
import { readBody } from "../../../services/orchestration/connectors/http/read-body.ts";
import type { HttpServerSettings } from "../../../services/orchestration/connectors/http/server-settings.ts";
import { failureOf } from "../orchestration.ts";
import { createAuthority } from "../tls-database.ts";
import { send, startApiServer } from "./api-server.ts";

const { signal } = new AbortController();
const settingsOf = (more: Partial<HttpServerSettings>): HttpServerSettings => ({
  ...{
    scheme: "http",
    host: "rebound.invalid",
    port: 80,
    path: "/",
    auth: "none",
    allowInsecureLogin: false,
  },
  ...more,
});

async function get(settings: HttpServerSettings, addresses: string[], ca?: string): Promise<string> {
  const { host, port } = settings;
  const security = { sslMode: "verify-full", ca, passwordMethods: "any" } as const;
  using client = createHttpClient({
    settings,
    login: { route: { host, port, addresses, security }, credential: undefined },
    limit: { signal, timeoutMs: 10_000 },
  });
  const { body } = await client.get("/");
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBody(body, { origin: "it", bytesMax: 1000, signal })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("the name is not resolved again: connections go to the addresses that were checked", async () => {
  await using api = await startApiServer((_, response) => send(response, "[]"));
  expect(await get(settingsOf({ port: api.port }), ["127.0.0.1"])).toBe("[]");
  expect(api.requests).toMatchObject([{ headers: { host: `rebound.invalid:${api.port}` } }]);
});

test("the next address is tried, and Unavailable SOURCE_UNREACHABLE if none answers", async () => {
  await using api = await startApiServer((_, response) => send(response, "[]"));
  expect(await get(settingsOf({ port: api.port }), ["127.0.0.2", "127.0.0.1"])).toBe("[]");
  expect(await failureOf(get(settingsOf({ port: api.port }), ["127.0.0.2"]))).toMatchObject({
    code: Code.Unavailable,
    reason: "SOURCE_UNREACHABLE",
    message: expect.stringContaining("can't be reached"),
  });
});

test("TLS: the certificate must be for the host, from a known authority or that of caSecret", async () => {
  const authority = await createAuthority();
  const { certificatePem, privateKeyPem } = await authority.issue([{ type: "dns", value: "api.invalid" }]);
  const server = createTlsServer({ cert: certificatePem, key: privateKeyPem }, (_, response) =>
    response.end("[]"),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const https = { scheme: "https", port } as const;
  try {
    const { certificatePem: ca } = authority;
    expect(await get(settingsOf({ ...https, host: "api.invalid" }), ["127.0.0.1"], ca)).toBe("[]");
    const other = await failureOf(get(settingsOf({ ...https, host: "other.invalid" }), ["127.0.0.1"], ca));
    expect(other).toMatchObject({
      reason: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("of another name"),
    });
    const unknown = await failureOf(get(settingsOf({ ...https, host: "api.invalid" }), ["127.0.0.1"]));
    expect(unknown.message).toContain("of an unknown authority");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
