import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { databaseServiceNames } from "../../gen/services.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { apiKeyMark, newSecret, secretSha256 } from "../../services/identity/credentials/opaque-secret.ts";
import { createPasswords, newSalt } from "../../services/identity/credentials/password.ts";
import { run } from "../../services/identity/run.ts";
import { identityConfig, logIn, logInAs, password, verify, verifyApiKey } from "../identity/fixtures.ts";
import { createReleasedDatabase } from "./released-database.ts";
import { startService } from "./test-mesh.ts";

test("OK: users, keys and logins of version 0.1.0 have the rights that they had", async () => {
  await using database = await createReleasedDatabase();
  const { sql, urls } = database;
  const ids = { orgId: randomUUID(), admin: randomUUID(), viewer: randomUUID(), login: randomUUID() };
  const passwordHash = await createPasswords().hash(password, newSalt());
  const [key, refreshToken] = [newSecret(apiKeyMark), newSecret("rt_")];
  await sql`insert into identity.orgs (org_id, name, display_name) values (${ids.orgId}, 'old', 'Old')`;
  const add = (userId: string, email: string, roles: string[]) => sql`
    insert into identity.users (user_id, org_id, email, display_name, password_hash, roles)
    values (${userId}, ${ids.orgId}, ${email}, 'Somebody', ${passwordHash}, ${roles})`;
  await add(ids.admin, "Ada@Example.org", ["admin", "approver"]);
  await add(ids.viewer, "viewer@example.org", ["viewer"]);
  await sql`
    insert into identity.api_keys (api_key_id, org_id, user_id, display_name, roles, secret_sha256, prefix)
    values (${randomUUID()}, ${ids.orgId}, ${ids.admin}, 'key', ${["editor"]}, ${secretSha256(key)}, 'sk_')`;
  await sql`insert into identity.logins (login_id, org_id, user_id, expire_time)
    values (${ids.login}, ${ids.orgId}, ${ids.viewer}, now() + interval '1 day')`;
  await sql`insert into identity.refresh_tokens (token_sha256, login_id, expire_time)
    values (${secretSha256(refreshToken)}, ${ids.login}, now() + interval '1 day')`;

  const config = identityConfig({ ...database, adminUrl: database.url, urls });
  await using identity = await startService(run, config);
  expect(await logInAs(identity, { email: "ada@example.org" })).toMatchObject({
    orgId: ids.orgId,
    userId: ids.admin,
    roles: ["admin", "approver"],
  });
  expect(await verifyApiKey(identity, key)).toMatchObject({
    userId: ids.admin,
    roles: ["editor"],
    grants: [],
  });
  const auth = identity.client(AuthService, undefined);
  const { accessToken } = await auth.refreshToken({ refreshToken });
  expect(await verify(identity, accessToken)).toMatchObject({ userId: ids.viewer, roles: ["viewer"] });
  const wrong = logIn(identity, { email: "viewer@example.org", password: "not the password" });
  await expect(wrong).rejects.toThrow();
  const rows = await sql`select name from identity.namespaces where org_id = ${ids.orgId}`;
  expect(rows).toEqual([{ name: "default" }]);
});

test("OK: what the other services of version 0.1.0 stored is in the namespace default", async () => {
  await using database = await createReleasedDatabase();
  const { sql } = database;
  const [orgId, id] = [randomUUID(), randomUUID()];
  const sha256 = "a".repeat(64);
  const unused = "b".repeat(64);
  await sql`insert into storage.blobs (sha256, touch_time) values (${sha256}, now()), (${unused}, '2026-01-01Z')`;
  await sql`insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id, category)
    select gen_random_uuid(), ${orgId}, n || ${"\u{10ffff}".repeat(250)}, 'text/csv', n, ${sha256}, ${id}, 'upload'
    from generate_series(1, 2000) n`;
  const otherOrgId = randomUUID();
  await sql`insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id)
    values (gen_random_uuid(), ${otherOrgId}, 'other', 'text/csv', 1, ${sha256}, ${id})`;
  await sql`insert into orchestration.sources (source_id, org_id, display_name, connector, settings)
    values (${id}, ${orgId}, ${"\u{10ffff}".repeat(200)}, 'file', '{}')`;
  await sql`insert into orchestration.executions (execution_id, org_id, source_id, sql, state, creator_user_id, process_id)
    values (${id}, ${orgId}, ${id}, 'select 1', 'running', ${id}, ${id})`;
  await sql`insert into staging.jobs (job_id, org_id, source_id, tables, selections, targets, format, chunk_rows, creator_user_id)
    values (${id}, ${orgId}, ${id}, '[]', '[]', '[]', 'csv', 1, ${id})`;
  await sql`insert into approval.projects (project_id, org_id, display_name, source_id, tables, destination, creator_user_id)
    values (${id}, ${orgId}, 'project', ${id}, '[]', '{}', ${id})`;
  for (const service of databaseServiceNames) await database.upgrade(service);
  const tables = [
    "storage.files",
    "orchestration.sources",
    "orchestration.executions",
    "staging.jobs",
    "approval.projects",
  ];
  for (const table of tables) {
    expect(await sql`select distinct namespace from ${sql(table)} where org_id = ${orgId}`, table).toEqual([
      { namespace: "default" },
    ]);
  }
  // Content that two organisations had is a blob of each; what no file used is one of no organisation.
  const blobs =
    await sql`select org_id, sha256, touch_time < '2026-01-02Z' as old from storage.blobs order by sha256, org_id`;
  expect(blobs).toEqual(
    [
      { org_id: orgId, sha256, old: false },
      { org_id: otherOrgId, sha256, old: false },
      { org_id: "00000000-0000-0000-0000-000000000000", sha256: unused, old: true },
    ].sort((a, b) => (a.sha256 + a.org_id < b.sha256 + b.org_id ? -1 : 1)),
  );
});
