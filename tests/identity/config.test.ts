import { expect, test } from "vitest";
import { parseConfig } from "../../services/identity/config.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { encryptionKey, password } from "./fixtures.ts";

const env = {
  GRPC_LISTEN: "127.0.0.1:0",
  database_url: "postgres://localhost/sluice",
  mesh_private_key: meshKeys.privateKeys.identity,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
  secret_encryption_key: encryptionKey,
  APPROVAL_ADDRESS: "127.0.0.1:9001",
  ORCHESTRATION_ADDRESS: "127.0.0.1:9002",
  STAGING_ADDRESS: "127.0.0.1:9003",
  STORAGE_ADDRESS: "127.0.0.1:9004",
};

test("OK: the settings with their defaults, frozen", () => {
  const config = parseConfig(env);
  expect(config).toEqual({
    logLevel: "info",
    grpcListen: "127.0.0.1:0",
    databaseUrl: "postgres://localhost/sluice",
    meshPrivateKey: meshKeys.privateKeys.identity,
    meshTrustedKeys: meshKeys.publicKeys,
    meshFiles: undefined,
    bootstrapAdminEmail: "admin@sluice.local",
    bootstrapAdminPassword: undefined,
    secretEncryptionKey: encryptionKey,
    issuers: [],
    approvalAddress: "127.0.0.1:9001",
    orchestrationAddress: "127.0.0.1:9002",
    stagingAddress: "127.0.0.1:9003",
    storageAddress: "127.0.0.1:9004",
    secretDecryptionKey: undefined,
    servicePrincipals: [],
    secretsFolder: undefined,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test("OK: the administrator is given", () => {
  const given = { BOOTSTRAP_ADMIN_EMAIL: "root@localhost", BOOTSTRAP_ADMIN_PASSWORD: password };
  expect(parseConfig({ ...env, ...given })).toMatchObject({
    bootstrapAdminEmail: "root@localhost",
    bootstrapAdminPassword: password,
  });
});

test("ConfigError: every problem at once, with what is no secret", () => {
  const wrong = {
    BOOTSTRAP_ADMIN_EMAIL: "nobody",
    BOOTSTRAP_ADMIN_PASSWORD: "too short",
    secret_encryption_key: "c2hvcnQ=",
  };
  expect(() => parseConfig(wrong)).toThrow(
    [
      "these settings can't be used:",
      "  GRPC_LISTEN: is required, as 127.0.0.1:9001 or unix:/run/sluice/identity.sock",
      "  database_url: is required, as postgres://user:password@host:5432/database",
      "  mesh_private_key: is required: an Ed25519 private key in PEM, in the secret of this name",
      "  mesh_trusted_keys: is required: a JSON object from process name to public key in PEM, in the secret of this name",
      '  BOOTSTRAP_ADMIN_EMAIL: must be an e-mail address; it is "nobody"',
      "  BOOTSTRAP_ADMIN_PASSWORD: must have 12 characters or more",
      "  secret_encryption_key: must be 32 bytes in base64",
    ].join("\n"),
  );
});

test.each([
  ["qwerty123456", "is a common password"],
  ["the Admin of it all", "may not contain the name before @"],
])("ConfigError: %j as the first administrator's password", (given, text) => {
  const parse = () => parseConfig({ ...env, BOOTSTRAP_ADMIN_PASSWORD: given });
  expect(parse).toThrow(`BOOTSTRAP_ADMIN_PASSWORD: ${text}`);
  expect(parse).not.toThrow(given);
});

test.each(["", "not base64!", Buffer.alloc(31).toString("base64"), Buffer.alloc(33).toString("base64")])(
  "ConfigError: %j as encryption key",
  (key) => {
    expect(() => parseConfig({ ...env, secret_encryption_key: key })).toThrow("secret_encryption_key");
  },
);

test("ConfigError: a file of issuers that is missing", () => {
  expect(() => parseConfig({ ...env, OIDC_ISSUERS_FILE: "/missing/issuers.json" })).toThrow(
    "  OIDC_ISSUERS_FILE: can't be read (ENOENT)",
  );
});
