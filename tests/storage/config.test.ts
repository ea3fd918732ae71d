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
