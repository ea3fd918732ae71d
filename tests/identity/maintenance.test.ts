import { expect, test } from "vitest";
import { run } from "../../services/identity/run.ts";
import { startService } from "../lib/test-mesh.ts";
import { bootstrapEmail, identityConfig, logIn, startIdentity, verify } from "./fixtures.ts";

test("OK: what has expired is removed, and what lives stays", async () => {
  await using identity = await startIdentity();
  const { sql } = identity.database;
  const { accessToken } = await logIn(identity, { email: bootstrapEmail });
  const [living] = await sql`select count(*)::int as logins from identity.logins`;
  await sql`
    insert into identity.login_attempts (subject, times)
    values ('address 192.0.2.1', array[now() - interval '61 minutes']), ('address 192.0.2.2', array[now()])`;
  await sql`
    with expired as (
      insert into identity.logins (login_id, org_id, user_id, expire_time)
      select gen_random_uuid(), org_id, user_id, now() from identity.users returning login_id)
    insert into identity.refresh_tokens (token_sha256, login_id, expire_time)
    select 'expired', login_id, now() from expired`;

  await using other = await startService(run, identityConfig(identity.database));
  const left = () => sql`
    select (select count(*)::int from identity.logins) as logins,
      (select count(*)::int from identity.refresh_tokens where token_sha256 = 'expired') as expired,
      (select array_agg(subject order by subject) from identity.login_attempts) as subjects`;
  await expect.poll(left).toEqual([{ logins: living?.logins, expired: 0, subjects: ["address 192.0.2.2"] }]);
  expect(await verify(other, accessToken)).toMatchObject({ userId: identity.root.userId });
});
