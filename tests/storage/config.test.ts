import { expect, test } from "vitest";
import { parseConfig } from "../../services/storage/config.ts";
import { meshKeys } from "../lib/test-mesh.ts";

const env = {
  GRPC_LISTEN: "unix:/run/sluice/storage.sock",
  database_url: "postgres://storage:secret@db:5432/sluice",
  mesh_private_key: meshKeys.privateKeys.storage,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
  STORAGE_DIR: "data/storage",
  PUBLIC_URL: "https://sluice.example.org/",
  url_signing_key: Buffer.alloc(32, 1).toString("base64"),
};

test("OK: reads every setting", () => {
  expect(parseConfig(env)).toEqual({
    logLevel: "info",
    grpcListen: env.GRPC_LISTEN,
    databaseUrl: env.database_url,
    meshPrivateKey: env.mesh_private_key,
    meshTrustedKeys: meshKeys.publicKeys,
    meshFiles: undefined,
    storageDirectory: "data/storage",
    publicUrl: "https://sluice.example.org",
    urlSigningKey: Buffer.alloc(32, 1),
  });
});

test("ConfigError: names every setting that is missing", () => {
  expect(() => parseConfig({ ...env, STORAGE_DIR: "", url_signing_key: "", GRPC_LISTEN: undefined })).toThrow(
    /GRPC_LISTEN: is required.*STORAGE_DIR: is required.*url_signing_key: is required/s,
  );
});

test.each([
  [undefined, ""],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["https://sluice.example.org/under/", "https://sluice.example.org/under"],
])("OK: PUBLIC_URL %s", (PUBLIC_URL, publicUrl) => {
  expect(parseConfig({ ...env, PUBLIC_URL }).publicUrl).toBe(publicUrl);
});

test("ConfigError: a public URL that is none, a key that is too short", () => {
  const wrong = { ...env, PUBLIC_URL: "sluice.example.org", url_signing_key: "c2hvcnQ=" };
  expect(() => parseConfig(wrong)).toThrow(
    /PUBLIC_URL: must be the platform's address.*url_signing_key: must be 32 bytes in base64/s,
  );
});
