import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { IdentityConfig } from "../../services/identity/config.ts";
import { run } from "../../services/identity/run.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { startService } from "../lib/test-mesh.ts";
import {
  bootstrapEmail,
  credentialInvalid,
  failureOf,
  identityConfig,
  logIn,
  logInAs,
  newEmail,
  password,
} from "./fixtures.ts";

type Announced = { email: string; password: string };

/** Starts a process and collects its announcements. */
async function startAnnouncing(database: TestDatabase, overrides: Partial<IdentityConfig> = {}) {
  const announced: Announced[] = [];
  const config = identityConfig(database, { bootstrapAdminPassword: undefined, ...overrides });
  const service = await startService<IdentityConfig>(
    (given, stop, ready) => run(given, stop, ready, (admin) => announced.push(admin)),
    config,
  );
  return { ...service, announced };
}

test("OK: the first start makes one administrator and announces the password that it made up, once", async () => {
  await using database = await createTestDatabase();
  let admin: Announced | undefined;
  {
    await using first = await startAnnouncing(database);
    expect(first.announced).toEqual([
      { email: bootstrapEmail, password: expect.stringMatching(/^[\w-]{32}$/) },
    ]);
    [admin] = first.announced;
  }
  await using second = await startAnnouncing(database);
  expect(second.announced).toEqual([]);
  expect((await logIn(second, { email: bootstrapEmail, ...admin })).tokenType).toBe("Bearer");
  const root = await logInAs(second, { email: bootstrapEmail, ...admin });
  expect(root.roles).toEqual(["admin", "platform-admin"]);
  const { orgs } = await second.client(OrgService, root).listOrgs({});
  expect(orgs).toMatchObject([{ orgId: root.orgId, name: "main", displayName: "Main" }]);
});

test("OK: a password that was given is not announced, and later starts change nothing", async () => {
  await using database = await createTestDatabase();
  const given = { bootstrapAdminEmail: "Ops@example.org", bootstrapAdminPassword: password };
  {
    await using first = await startAnnouncing(database, given);
    expect(first.announced).toEqual([]);
    expect((await logIn(first, { email: "ops@example.org" })).tokenType).toBe("Bearer");
  }
  await using second = await startAnnouncing(database, {
    bootstrapAdminEmail: "other@example.org",
    bootstrapAdminPassword: `another ${password}`,
  });
  expect((await logIn(second, { email: "ops@example.org" })).tokenType).toBe("Bearer");
  expect(
    await failureOf(logIn(second, { email: "other@example.org", password: `another ${password}` })),
  ).toEqual(credentialInvalid);
});

test("OK: processes that start at once make one administrator and one signing key", async () => {
  await using database = await createTestDatabase();
  const processes = await Promise.all(Array.from({ length: 3 }, () => startAnnouncing(database)));
  const announced = processes.flatMap((process) => process.announced);
  expect(announced).toHaveLength(1);
  const [counted] = await database.sql`
    select (select count(*)::int from identity.users) as users, (select count(*)::int from identity.orgs) as orgs,
      (select count(*)::int from identity.signing_keys) as keys`;
  expect(counted).toEqual({ users: 1, orgs: 1, keys: 1 });
  for (const process of processes) {
    expect((await logIn(process, { email: bootstrapEmail, ...announced[0] })).tokenType).toBe("Bearer");
  }
  await Promise.all(processes.map((process) => process.stop()));
});

test("OK: an operator who lost the password removes the user, and the next start makes it anew", async () => {
  await using database = await createTestDatabase();
  await using _first = await startAnnouncing(database);
  await database.sql`delete from identity.users`;
  await using second = await startAnnouncing(database);
  expect(second.announced).toHaveLength(1);
  const [counted] = await database.sql`select count(*)::int as orgs from identity.orgs`;
  expect(counted).toEqual({ orgs: 1 });
});

test("refuses to start when the administrator's address is another user's", async () => {
  await using database = await createTestDatabase();
  const email = newEmail();
  {
    await using first = await startAnnouncing(database, { bootstrapAdminPassword: password });
    const root = await logInAs(first, { email: bootstrapEmail });
    await first.client(UserService, root).createUser({ user: { email }, password });
  }
  await database.sql`delete from identity.users where email <> ${email}`;
  await expect(startAnnouncing(database, { bootstrapAdminEmail: email })).rejects.toThrow(
    `BOOTSTRAP_ADMIN_EMAIL: ${email} belongs to a user of main who is no platform administrator`,
  );
});

test("refuses to start with another encryption key, and changes nothing", async () => {
  await using database = await createTestDatabase();
  const keys = () => database.sql`select * from identity.signing_keys`;
  {
    await using _first = await startAnnouncing(database);
  }
  await database.sql`update identity.signing_keys set create_time = create_time - interval '31 days'`;
  const before = await keys();
  const secretEncryptionKey = randomBytes(32).toString("base64");
  await expect(startAnnouncing(database, { secretEncryptionKey })).rejects.toThrow(
    "secret_encryption_key is not the key that this database was encrypted with",
  );
  expect(await keys()).toEqual(before);
});
