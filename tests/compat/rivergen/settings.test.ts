import { expect, test } from "vitest";
import { parseConfig as parseEdgeConfig } from "../../../edge/config.ts";
import { parseConfig as parseCompatConfig } from "../../../services/compat/config.ts";
import { serviceAddresses } from "../../lib/service-addresses.ts";
import { meshKeys } from "../../lib/test-mesh.ts";

const address = "unix:/nowhere/nobody.sock";
const commonEnv = (name: string) => ({
  ...serviceAddresses(address),
  GRPC_LISTEN: "127.0.0.1:0",
  mesh_private_key: meshKeys.privateKeys[name],
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
});

const compat = (env: object) => parseCompatConfig({ ...commonEnv("compat"), ...env }).rivergen;
const edge = (env: object) => parseEdgeConfig({ ...commonEnv("edge"), ...env });
const portsOf = (env: object) => edge({ COMPAT_APIS: "rivergen", ...env }).compatPorts;

test("OK: it is off by default, in both processes", () => {
  expect(edge({}).compatApis.map(({ system }) => system)).toEqual(["cdap", "gateway"]);
  expect(edge({}).compatPorts).toEqual([]);
  expect(compat({})).toBeUndefined();
});

test("OK: COMPAT_APIS switches it on, on three ports or on one", () => {
  expect(portsOf({}).map(({ port }) => port)).toEqual([8000, 8002, 8003]);
  expect(portsOf({ RIVERGEN_PORTS: "1,2,3" }).map(({ port }) => port)).toEqual([1, 2, 3]);
  const [all, ...others] = portsOf({ RIVERGEN_PORTS: "7" });
  expect([all?.port, others]).toEqual([7, []]);
  const separate = portsOf({}).flatMap(({ services }) => services);
  expect(all?.services).toEqual(separate);
});

test.each([
  ["8000,8002", "must be a port number, or three with commas between"],
  ["8000,8002,x", "must be a port number, or three with commas between"],
  ["8000,8002,99999", "must be port numbers"],
  ["8000,8002,8000", "must differ"],
])("InvalidArgument: the ports %s", (RIVERGEN_PORTS, problem) => {
  expect(() => portsOf({ RIVERGEN_PORTS })).toThrow(`RIVERGEN_PORTS: ${problem}`);
});

test("InvalidArgument: the edge's own port among them", () => {
  const problem = "RIVERGEN_PORTS: must differ from EDGE_PORT";
  expect(() => portsOf({ RIVERGEN_PORTS: "8000,8080,8003" })).toThrow(problem);
  expect(() => portsOf({ EDGE_PORT: "8002" })).toThrow(problem);
  expect(portsOf({ RIVERGEN_PORTS: "0", EDGE_PORT: "0" })).toHaveLength(1);
  expect(edge({ EDGE_PORT: "8002" }).port).toBe(8002);
});

test("OK: the process compat reads where the services are, and whether it stages", () => {
  const expected = {
    orchestrationAddress: address,
    storageAddress: address,
    stagingAddress: address,
    stages: true,
  };
  expect(compat({ COMPAT_APIS: "cdap, rivergen" })).toEqual(expected);
  const off = compat({ COMPAT_APIS: "rivergen", RIVERGEN_STAGING: "off" });
  expect(off).toEqual({ ...expected, stages: false });
});

test("InvalidArgument: the process compat without an address, and a switch that is none", () => {
  const env = { COMPAT_APIS: "rivergen", STORAGE_ADDRESS: undefined, RIVERGEN_STAGING: "maybe" };
  expect(() => compat(env)).toThrow("STORAGE_ADDRESS: is required where COMPAT_APIS names rivergen");
  expect(() => compat(env)).toThrow("RIVERGEN_STAGING: must be on or off");
});
