import { expect, test } from "vitest";
import { parseConfig } from "../../services/orchestration/config.ts";
import { meshKeys } from "../lib/test-mesh.ts";

const env = {
  GRPC_LISTEN: "unix:/run/sluice/orchestration.sock",
  database_url: "postgres://orchestration@127.0.0.1:5432/sluice",
  mesh_private_key: meshKeys.privateKeys.orchestration,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
  ORCHESTRATION_DIR: "/var/lib/sluice/orchestration",
  IDENTITY_ADDRESS: "127.0.0.1:9001",
  STORAGE_ADDRESS: "127.0.0.1:9002",
};

test("OK: no network source is allowed unless the operator names networks", () => {
  expect(parseConfig(env).sourceAddressAllow).toEqual([]);
  const { sourceAddressAllow } = parseConfig({ ...env, SOURCE_ADDRESS_ALLOW: "10.0.0.0/8, ::1/128" });
  expect(sourceAddressAllow.map(([network, bits]) => `${network}/${bits}`)).toEqual([
    "10.0.0.0/8",
    "::1/128",
  ]);
});

test("refused: every problem at once, by its setting's name", () => {
  const bad = { ...env, STORAGE_ADDRESS: "storage", SOURCE_ADDRESS_ALLOW: "10.0.0.0", ORCHESTRATION_DIR: "" };
  for (const name of ["STORAGE_ADDRESS", "SOURCE_ADDRESS_ALLOW", "ORCHESTRATION_DIR"]) {
    expect(() => parseConfig(bad)).toThrow(name);
  }
});
