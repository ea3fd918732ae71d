import { expect, test } from "vitest";
import { parseConfig } from "../../services/orchestration/config.ts";
import { protections } from "../../services/orchestration/confinement/layers.ts";
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

const mebibyte = 1024 ** 2;

test("OK: the memory of all engine processes, and of one, which has no more than all", () => {
  const limitsOf = (mebibytes: string) => parseConfig({ ...env, ENGINE_MEMORY_MIB: mebibytes }).engineMemory;
  expect(limitsOf("4096")).toEqual({ totalBytes: 4096 * mebibyte, processBytes: 1536 * mebibyte });
  expect(limitsOf("1024")).toEqual({ totalBytes: 1024 * mebibyte, processBytes: 1024 * mebibyte });
  expect(parseConfig(env).engineMemory.totalBytes).toBeGreaterThanOrEqual(1024 * mebibyte);
});

test.each(["1023", "0", "-2048", "2 GiB", "2048.5", "1e4", "9999999999"])(
  "refused: ENGINE_MEMORY_MIB of %s",
  (value) => {
    expect(() => parseConfig({ ...env, ENGINE_MEMORY_MIB: value })).toThrow(
      /ENGINE_MEMORY_MIB.* must be (a number of MiB|1024 \(MiB\) or more)/,
    );
  },
);

test("OK: protections that are required are none by default, some, or all", () => {
  const required = (value: string) =>
    parseConfig({ ...env, ENGINE_CONFINEMENT_REQUIRED: value }).engineProtectionsRequired;
  expect(parseConfig(env).engineProtectionsRequired).toEqual([]);
  expect(required("network, files")).toEqual(["network", "files"]);
  expect(required("all")).toEqual(protections);
});

test.each(["landlock", "files, everything", "Files", "files;network"])(
  "refused: ENGINE_CONFINEMENT_REQUIRED of %s",
  (value) => {
    expect(() => parseConfig({ ...env, ENGINE_CONFINEMENT_REQUIRED: value })).toThrow(
      /ENGINE_CONFINEMENT_REQUIRED.* must be all, or some of user, systemCalls, network, files/,
    );
  },
);
