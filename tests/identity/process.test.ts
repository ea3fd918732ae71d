import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { type Program, startProgram } from "../lib/program.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { bootstrapEmail, encryptionKey, failureOf, newEmail } from "./fixtures.ts";

/** Runs main.ts as a process. */
const startIdentity = (database: TestDatabase, socket: string, env: Env = {}) =>
  startProgram("services/identity/main.ts", {
    GRPC_LISTEN: `unix:${socket}`,
    DATABASE_URL: database.urls.identity,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.identity,
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    SECRET_ENCRYPTION_KEY: encryptionKey,
    APPROVAL_ADDRESS: "127.0.0.1:1",
    ORCHESTRATION_ADDRESS: "127.0.0.1:1",
    STAGING_ADDRESS: "127.0.0.1:1",
    STORAGE_ADDRESS: "127.0.0.1:1",
    LOG_LEVEL: "trace",
    ...env,
  });

const ready = /"msg":"ready"/;
const linesOf = (program: Program) => program.output().trimEnd().split("\n");
const endedOf = (program: Program) => {
  program.process.kill("SIGTERM");
  return program.ended;
};

test("OK: nothing secret is in what a process prints, also when its database fails", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const socket = join(folder.path, "identity.sock");
  await using first = startIdentity(database, socket);
  await first.printed(ready);
  const announced = linesOf(first).filter((line) => line.includes(bootstrapEmail));
  expect(announced).toEqual([
    expect.stringMatching(
      /^Sluice's first administrator: admin@sluice\.local, password [\w-]{32} \(shown once\)$/,
    ),
  ]);
  const password = /password ([\w-]{32})/.exec(announced[0] ?? "")?.[1] ?? "";

  const secrets = await useEverything(`unix:${socket}`, password, database);
  expect(await endedOf(first)).toBe(0);
  const log = linesOf(first)
    .filter((line) => !announced.includes(line))
    .join("\n");
  expect(log).toContain('"msg":"call failed"');
  expect(log).toContain('"msg":"a refresh token was used twice: its login is revoked"');
  for (const secret of [password, ...secrets, encryptionKey, "$argon2id$", "PRIVATE KEY"]) {
    expect(log).not.toContain(secret);
  }

  await database.sql`alter table identity.secrets_gone rename to secrets`;
  await using second = startIdentity(database, socket);
  await second.printed(ready);
  expect(await endedOf(second)).toBe(0);
  expect(second.output()).not.toContain("administrator");
});

test("exit 2: settings that are wrong, all at once and without what is secret", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using failed = startIdentity(database, join(folder.path, "identity.sock"), {
    SECRET_ENCRYPTION_KEY: "c2hvcnQ=",
    BOOTSTRAP_ADMIN_PASSWORD: "too short",
  });
  expect(await failed.ended).toBe(2);
  expect(linesOf(failed)).toEqual([
    "identity: these settings can't be used:",
    "  BOOTSTRAP_ADMIN_PASSWORD: must have 12 characters or more",
    "  secret_encryption_key: must be 32 bytes in base64",
  ]);
});

/** Calls all methods that handle secrets, with and without success. Returns the secrets that occurred. */
async function useEverything(address: string, password: string, database: TestDatabase): Promise<string[]> {
  using stranger = transportAs(address, undefined, "edge");
  const auth = createClient(AuthService, stranger);
  const tokens = await auth.issueToken({ email: bootstrapEmail, password });
  const credential = { case: "accessToken" as const, value: tokens.accessToken };
  const verified = await createClient(PolicyService, stranger).verifyCredential({ credential });
  const { orgId, userId, roles } = verified;
  using transport = transportAs(address, { orgId, userId, roles } satisfies Principal, "edge");
  using orchestration = transportAs(address, { orgId, userId, roles }, "orchestration");

  const { secret: apiKey } = await createClient(ApiKeyService, transport).createApiKey({
    apiKey: { displayName: "key" },
  });
  const value = "the value of a secret";
  const destination = { connector: "postgresql", host: "127.0.0.1", port: 5432 };
  await createClient(SecretService, transport).putSecret({
    name: "source",
    value,
    destinations: [destination],
  });
  await createClient(PolicyService, orchestration).resolveSecret({ name: "source", destination });
  const users = createClient(UserService, transport);
  const userPassword = "the password of a colleague";
  const newUser = () => users.createUser({ user: { email: newEmail() }, password: userPassword });
  await newUser();
  const wrongPassword = "a mistyped password";
  await failureOf(auth.issueToken({ email: bootstrapEmail, password: wrongPassword }));
  const refreshed = await auth.refreshToken({ refreshToken: tokens.refreshToken });
  await database.sql`update identity.refresh_tokens set spent_time = spent_time - interval '11 seconds'`;
  await failureOf(auth.refreshToken({ refreshToken: tokens.refreshToken }));

  await database.sql`alter table identity.users add constraint planted check (email like 'never%') not valid`;
  expect((await failureOf(newUser())).code).toBe("Internal");
  await database.sql`alter table identity.secrets rename to secrets_gone`;
  await database.sql`alter table identity.refresh_tokens rename to refresh_tokens_gone`;
  const secretService = createClient(SecretService, transport);
  expect((await failureOf(secretService.putSecret({ name: "source", value }))).code).toBe("Internal");
  expect((await failureOf(auth.issueToken({ email: bootstrapEmail, password }))).code).toBe("Internal");
  expect((await failureOf(auth.refreshToken(refreshedOnly(refreshed)))).code).toBe("Internal");
  return [
    tokens.accessToken,
    tokens.refreshToken,
    refreshed.accessToken,
    refreshed.refreshToken,
    apiKey,
    value,
    userPassword,
    wrongPassword,
  ];
}

const refreshedOnly = ({ refreshToken }: { refreshToken: string }) => ({ refreshToken });
