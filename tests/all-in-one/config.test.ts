import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkSettings } from "../../services/all-in-one/check-settings.ts";
import { parseConfig, unreadSettings } from "../../services/all-in-one/config.ts";
import { parseAll } from "../../services/lib/settings/env.ts";
import { checkCertificates } from "../../services/lib/tls/check-certificates.ts";
import { meshCertificate } from "../../services/lib/tls/tls-settings.ts";
import { startProgram } from "../lib/program.ts";
import { contentsFor, createAuthority } from "../lib/test-certificates.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

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

test("ConfigError: what any member could not use, all at once, and the rest is as it would be", () => {
  const env = {
    EDGE_PORT: "70000",
    LOG_LEVEL: "loud",
    STAGING_JOBS_AT_ONCE: "-1",
    PUBLIC_URL: "foo",
    SOURCE_ADDRESS_ALLOW: "10.0.0.0/99",
    ENGINE_MEMORY_MIB: "plenty",
    CORS_MAX_AGE: "-2",
    OIDC_ISSUERS_FILE: "/missing/issuers.json",
  };
  expect(() => checkSettings(env)).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      problems: [
        '  SOURCE_ADDRESS_ALLOW: must be comma-separated CIDRs, as 10.0.0.0/8, ::1/128; it is "10.0.0.0/99"',
        '  ENGINE_MEMORY_MIB: must be a number of MiB; it is "plenty"',
        // Storage starts after orchestration, which it tells the lineage of models.
        '  PUBLIC_URL: must be the platform\'s address, as https://sluice.example.org; it is "foo"',
        '  STAGING_JOBS_AT_ONCE: must be a number from 0 to 99; it is "-1"',
        // Identity starts after the services whose namespaces it deletes.
        "  OIDC_ISSUERS_FILE: can't be read (ENOENT)",
        '  EDGE_PORT: must be a port number; it is "70000"',
        '  CORS_MAX_AGE: must be a number of seconds, up to 99999; it is "-2"',
      ],
    }),
  );
  expect(() => checkSettings({})).not.toThrow();
});

test("exit code 2: before anything is started, with every problem and no secret", async () => {
  await using folder = await temporaryFolder();
  const data = join(folder.path, "data");
  await using program = startProgram("services/all-in-one/main.ts", {
    SLUICE_DATA_DIR: data,
    EDGE_PORT: "70000",
    PUBLIC_URL: "https://sluice.example.org",
    LOG_LEVEL: "loud",
    DATABASE_URL: "mysql://a:hidden@b",
    BOOTSTRAP_ADMIN_PASSWORD: "short",
  });
  expect(await program.ended).toBe(2);
  const told = program
    .output()
    .split("\n")
    .filter((line) => line !== "" && !/^\(/.test(line));
  expect(told).toEqual([
    "sluice: these settings can't be used:",
    "  database_url: must begin with postgres://",
    "  BOOTSTRAP_ADMIN_PASSWORD: must have 12 characters or more",
    '  LOG_LEVEL: must be trace, debug, info, warn, error, fatal or silent; it is "loud"',
    '  EDGE_PORT: must be a port number; it is "70000"',
  ]);
  expect(existsSync(data)).toBe(false);
});

test.each(["https://user:hidden@sluice", "-----BEGIN PRIVATE KEY-----\nhidden", `${"x".repeat(80)}hidden`])(
  "ConfigError: what may be a secret in another setting is not told: %j",
  (value) => {
    for (const name of ["LOG_LEVEL", "CORS_ALLOWED_ORIGINS", "RATE_LIMIT_USER", "EDGE_PORT"]) {
      const read = () =>
        parseAll(
          () => parseConfig({ [name]: value }),
          () => checkSettings({ [name]: value }),
        );
      expect(read).toThrow(`${name}: must be`);
      expect(read).not.toThrow(/hidden/);
    }
  },
);

test("told: settings that this start does not read", () => {
  expect(unreadSettings({ SLUICE_DATA_DIR: "d", SLUICE_PORT: "1", STORAGE_DIR: "s", HOME: "/" })).toEqual([
    "SLUICE_PORT is no setting",
    "STORAGE_DIR is not read here: it is for processes that are started by themselves",
  ]);
});

test("exit code 2: certificates that can't be read or do not fit are named with what else is wrong", async () => {
  await using folder = await temporaryFolder();
  await using program = startProgram("services/all-in-one/main.ts", {
    SLUICE_DATA_DIR: join(folder.path, "data"),
    TLS_CERT_FILE: join(folder.path, "none.crt"),
    TLS_KEY_FILE: folder.path,
    LOG_LEVEL: "loud",
  });
  expect(await program.ended).toBe(2);
  expect(program.output()).toContain(
    `  TLS_CERT_FILE: can't read ${folder.path}/none.crt: it does not exist\n`,
  );
  expect(program.output()).toContain(`  TLS_KEY_FILE: can't read ${folder.path}: it is a folder\n`);
  expect(program.output()).toContain("  LOG_LEVEL: must be");
});

test("ConfigError: a key that is not the certificate's", async () => {
  await using folder = await temporaryFolder();
  const authority = await createAuthority();
  const [one, other] = await Promise.all([
    contentsFor(authority, "storage"),
    contentsFor(authority, "storage"),
  ]);
  const [cert, key] = [join(folder.path, "tls.crt"), join(folder.path, "tls.key")];
  await writeFile(cert, one.certificatePem);
  await writeFile(key, other.privateKeyPem);
  const env = { MESH_TLS_CERT_FILE: cert, MESH_TLS_KEY_FILE: key };
  expect(() => checkCertificates(env, meshCertificate)).toThrow(
    `MESH_TLS_CERT_FILE, MESH_TLS_KEY_FILE: ${key} is not the key of ${cert}`,
  );
  await writeFile(key, one.privateKeyPem);
  expect(() => checkCertificates(env, meshCertificate)).not.toThrow();
});

test("exit code 2: a port that another program has, before the database is started", async () => {
  await using folder = await temporaryFolder();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const data = join(folder.path, "data");
  await using program = startProgram("services/all-in-one/main.ts", {
    SLUICE_DATA_DIR: data,
    EDGE_PORT: String(port),
  });
  expect(await program.ended).toBe(2);
  expect(program.output()).toContain(
    `  EDGE_HOST, EDGE_PORT: 127.0.0.1:${port}: another program listens there`,
  );
  expect(existsSync(data)).toBe(false);
  other.close();
});
