import { expect, test } from "vitest";
import { parseConfig } from "../../edge/config.ts";
import { exposedServices } from "../../edge/contracts.ts";
import { accessOf } from "../../edge/method/access.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { createRouter } from "../../edge/rest/router.ts";
import { run } from "../../edge/run.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { allServices } from "../lib/contracts.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { meshKeys, startService } from "../lib/test-mesh.ts";

const nowhere = "127.0.0.1:1";
const env = {
  EDGE_PORT: "0",
  ...serviceAddresses(nowhere),
  STORAGE_ADDRESS: "unix:/nowhere/storage.sock",
  LOG_LEVEL: "silent",
  mesh_private_key: meshKeys.privateKeys.edge ?? "",
};

test("OK: runs before its upstreams do, and tells who is missing", async () => {
  await using edge = await startService(run, parseConfig(env));
  expect((await fetch(`${edge.address}/health`)).status).toBe(200);
  const ready = await fetch(`${edge.address}/health/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    {
      status: "NOT_SERVING",
      upstreams: {
        identity: "DOWN",
        orchestration: "DOWN",
        storage: "DOWN",
        staging: "DOWN",
        approval: "DOWN",
        compat: "DOWN",
      },
    },
  ]);
  const files = await fetch(`${edge.address}/api/v1/storage/files`, { headers: { "x-api-key": "k" } });
  expect([files.status, files.headers.get("retry-after")]).toEqual([503, "1"]);
});

test("OK: a service may have several addresses", () => {
  const several = "10.0.0.1:9001,unix:/run/identity.sock,[::1]:9001,identity:9001";
  const open = { ...env, MESH_ALLOW_CLEARTEXT: "true" };
  expect(parseConfig({ ...open, IDENTITY_ADDRESS: several }).upstreams.identity).toBe(several);
});

test("ConfigError: one of several addresses that is beyond the machine, without TLS", () => {
  const several = "unix:/run/identity.sock,10.0.0.1:9001";
  expect(() => parseConfig({ ...env, IDENTITY_ADDRESS: several })).toThrow("reaches beyond this machine");
});

test.each(["", "10.0.0.1", "10.0.0.1:9001,", "10.0.0.1:9001, 10.0.0.2:9001", "unix:relative"])(
  "ConfigError: %j is no address",
  (address) => {
    expect(() => parseConfig({ ...env, IDENTITY_ADDRESS: address })).toThrow("IDENTITY_ADDRESS");
  },
);

test("OK: a free port that is taken is an error that says so", async () => {
  await using edge = await startService(run, parseConfig(env));
  const { port } = new URL(edge.address);
  await expect(startService(run, parseConfig({ ...env, EDGE_PORT: port }))).rejects.toThrow("EADDRINUSE");
});

test("ConfigError: names every problem at once", () => {
  const problems = (() => {
    try {
      return parseConfig({ EDGE_PORT: "99999", STORAGE_ADDRESS: "x", LOG_LEVEL: "loud" });
    } catch (error) {
      return (error as Error).message;
    }
  })();
  for (const name of [
    "EDGE_PORT",
    "IDENTITY_ADDRESS",
    "ORCHESTRATION_ADDRESS",
    "STORAGE_ADDRESS",
    "STAGING_ADDRESS",
    "APPROVAL_ADDRESS",
    "COMPAT_ADDRESS",
    "LOG_LEVEL",
    "mesh_private_key",
  ]) {
    expect(problems).toContain(`  ${name}: `);
  }
});

test("OK: the defaults, frozen", () => {
  const config = parseConfig({ ...env, EDGE_PORT: "" });
  expect(config).toMatchObject({ host: "127.0.0.1", port: 8080, upstreams: { identity: nowhere } });
  expect(Object.isFrozen(config)).toBe(true);
});

test("OK: every contract that has something for the outside is exposed, and its routes fit together", async () => {
  const open = (await allServices()).filter(({ methods }) =>
    methods.some((method) => accessOf(method) !== "internal"),
  );
  const names = (services: readonly { typeName: string }[]) =>
    services.map(({ typeName }) => typeName).sort();
  expect(names(exposedServices)).toEqual(names(open));
  const served = [...Object.keys(parseConfig(env).upstreams), "edge"];
  expect(exposedServices.map(serviceNameOf)).toSatisfy((all: string[]) =>
    all.every((name) => served.includes(name)),
  );
  expect(() =>
    createRouter(exposedServices.flatMap(({ methods }) => methods.flatMap(routesOf))),
  ).not.toThrow();
});
