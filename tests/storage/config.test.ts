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
  IDENTITY_ADDRESS: "unix:/run/sluice/identity.sock",
  ORCHESTRATION_ADDRESS: "unix:/run/sluice/orchestration.sock",
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
    storageS3: undefined,
    publicUrl: "https://sluice.example.org",
    urlSigningKey: Buffer.alloc(32, 1),
    identityAddress: env.IDENTITY_ADDRESS,
    cache: { url: undefined, orgBytes: 64 * 2 ** 20, totalBytes: 2 ** 30 },
    vectorEngine: "auto",
    vectorCacheBytes: 512 * 2 ** 20,
    masterKey: undefined,
    previousMasterKeys: [],
    reserveBytes: undefined,
    copyDirectory: undefined,
    scrubSchedule: { intervalMs: 7 * 24 * 60 * 60 * 1000, bytesPerSecond: 32 * 2 ** 20 },
    orchestrationAddress: env.ORCHESTRATION_ADDRESS,
  });
});

test("OK: reads the settings of encryption, scrubs and space", () => {
  const keys = [2, 3, 4].map((byte) => Buffer.alloc(32, byte).toString("base64"));
  const set = {
    ...env,
    storage_master_key: keys[0],
    storage_master_key_previous: `${keys[1]}, ${keys[2]}\n`,
    STORAGE_RESERVE_MIB: "0",
    STORAGE_COPY_DIR: "/mnt/backup",
    SCRUB_INTERVAL: "0",
    SCRUB_BYTES_PER_SECOND: "1000",
  };
  expect(parseConfig(set)).toMatchObject({
    masterKey: keys[0],
    previousMasterKeys: keys.slice(1),
    reserveBytes: 0,
    copyDirectory: "/mnt/backup",
    scrubSchedule: { intervalMs: 0, bytesPerSecond: 1000 },
  });
});

test("ConfigError: keys that are too short, or previous ones alone, and numbers out of their range", () => {
  const key = Buffer.alloc(32, 5).toString("base64");
  const wrong = { STORAGE_RESERVE_MIB: "-1", SCRUB_INTERVAL: "1h", SCRUB_BYTES_PER_SECOND: "0" };
  expect(() => parseConfig({ ...env, ...wrong, storage_master_key: "c2hvcnQ=" })).toThrow(
    /storage_master_key: must be 32 bytes.*STORAGE_RESERVE_MIB: must be a number.*SCRUB_INTERVAL: must be a number.*SCRUB_BYTES_PER_SECOND: must be a number/s,
  );
  expect(() => parseConfig({ ...env, storage_master_key_previous: key })).toThrow(
    "storage_master_key: is required beside storage_master_key_previous",
  );
  const short = { storage_master_key: key, storage_master_key_previous: `${key},c2hvcnQ=` };
  expect(() => parseConfig({ ...env, ...short })).toThrow(/storage_master_key_previous.*must be 32 bytes/);
});

test("OK: a second key of signed URLs", () => {
  const url_signing_key_previous = Buffer.alloc(32, 2).toString("base64");
  expect(parseConfig({ ...env, url_signing_key_previous }).urlSigningKeyPrevious).toEqual(
    Buffer.alloc(32, 2),
  );
  expect(() => parseConfig({ ...env, url_signing_key_previous: "c2hvcnQ=" })).toThrow(
    /url_signing_key_previous: must be 32 bytes in base64/,
  );
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

test("OK: a bucket is two settings", () => {
  const s3 = {
    STORAGE_S3_URL: "https://s3.example.org:9000/sluice/of/us?region=eu-central-1",
    storage_s3_credentials: "access:se:cret/+",
  };
  expect(parseConfig({ ...env, ...s3 }).storageS3).toEqual({
    location: {
      endpoint: "https://s3.example.org:9000",
      bucket: "sluice",
      prefix: "of/us/",
      region: "eu-central-1",
    },
    credentials: { accessKeyId: "access", secretAccessKey: "se:cret/+" },
  });
  const plain = { ...s3, STORAGE_S3_URL: "http://127.0.0.1:9000/sluice" };
  expect(parseConfig({ ...env, ...plain }).storageS3?.location).toEqual({
    endpoint: "http://127.0.0.1:9000",
    bucket: "sluice",
    prefix: "",
    region: "us-east-1",
  });
});

test.each([
  "s3://sluice",
  "https://s3.example.org",
  "https://s3.example.org/X",
  "https://access:secret@s3.example.org/sluice",
  "https://s3.example.org/sluice?version=1",
  "https://s3.example.org/sluice/a%20b",
])("ConfigError: %s is the URL of no bucket", (STORAGE_S3_URL) => {
  const set = { ...env, STORAGE_S3_URL, storage_s3_credentials: "access:secret" };
  expect(() => parseConfig(set)).toThrow(/STORAGE_S3_URL: must be https:\/\/host\/bucket/);
});

test("ConfigError: a bucket without credentials, credentials without a bucket or a colon, which are not shown", () => {
  const STORAGE_S3_URL = "https://s3.example.org/sluice";
  expect(() => parseConfig({ ...env, STORAGE_S3_URL })).toThrow(/storage_s3_credentials: is required/);
  expect(() => parseConfig({ ...env, storage_s3_credentials: "a:b" })).toThrow(/STORAGE_S3_URL: is required/);
  const wrong = { ...env, STORAGE_S3_URL, storage_s3_credentials: "secret-without-colon" };
  expect(() => parseConfig(wrong)).toThrow(/storage_s3_credentials: must be access:secret$/);
});
