import { expect, test } from "vitest";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { run } from "../../services/identity/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  failureOf,
  identityConfig,
  logIn,
  newEmail,
  newOrg,
  newUser,
  password,
  principalOf,
  startIdentity,
  verify,
} from "./fixtures.ts";

const identity = forFile(startIdentity);
const other = forFile(() => startService(run, identityConfig(identity().database)));

const rounds = 5;

/** Outcomes of concurrent calls, sorted: `OK` or the error reason. */
async function outcomesOf(calls: Promise<unknown>[]): Promise<string[]> {
  const outcomes = calls.map((call) =>
    call.then(
      () => "OK",
      async (error) => (await failureOf(Promise.reject(error))).reason ?? "no reason",
    ),
  );
  return (await Promise.all(outcomes)).sort();
}

test.each([
  ["demote", (userId: string) => ({ user: { userId, roles: ["viewer"] } })],
  [
    "deactivate",
    (userId: string) => ({ user: { userId, active: false }, updateMask: { paths: ["active"] } }),
  ],
])("FailedPrecondition: the last two administrators can't %s each other", async (_title, change) => {
  for (let round = 0; round < rounds; round += 1) {
    const { admin: first } = await newOrg(identity());
    const second = principalOf(await newUser(identity(), first, { roles: ["admin"] }));
    const outcomes = await outcomesOf([
      identity().client(UserService, first).updateUser(change(second.userId)),
      other().client(UserService, second).updateUser(change(first.userId)),
    ]);
    expect(outcomes).toEqual(["LAST_ADMIN", "OK"]);
  }
});

test("FailedPrecondition: nor remove each other", async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { admin: first } = await newOrg(identity());
    const second = principalOf(await newUser(identity(), first, { roles: ["admin"] }));
    const outcomes = await outcomesOf([
      identity().client(UserService, first).deleteUser({ userId: second.userId }),
      other().client(UserService, second).deleteUser({ userId: first.userId }),
    ]);
    expect(outcomes).toEqual(["LAST_ADMIN", "OK"]);
  }
});

test("FailedPrecondition: of administrators who step down, deactivate and remove themselves at once, one stays", async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { admin: first, orgId } = await newOrg(identity());
    const others = [
      await newUser(identity(), first, { roles: ["admin"] }),
      await newUser(identity(), first, { roles: ["admin"] }),
    ].map(principalOf);
    const [second = first, third = first] = others;
    const outcomes = await outcomesOf([
      identity()
        .client(UserService, first)
        .updateUser({ user: { userId: first.userId, roles: ["viewer"] } }),
      other()
        .client(UserService, second)
        .updateUser({ user: { userId: second.userId, active: false } }),
      identity().client(UserService, third).deleteUser({ userId: third.userId }),
    ]);
    expect(outcomes).toEqual(["LAST_ADMIN", "OK", "OK"]);
    const left = await identity().database.sql`
      select 1 from identity.users join identity.grants using (org_id, user_id)
      where org_id = ${orgId} and active and role = 'admin' and namespace is null`;
    expect(left).toHaveLength(1);
  }
});

test("Aborted: of racing updates with one etag one wins", async () => {
  const { admin } = await newOrg(identity());
  const { userId, etag } = await newUser(identity(), admin);
  const outcomes = await outcomesOf(
    [identity(), other(), identity(), other()].map((service, index) =>
      service.client(UserService, admin).updateUser({ user: { userId, etag, displayName: `${index}` } }),
    ),
  );
  expect(outcomes).toEqual(["ETAG_MISMATCH", "ETAG_MISMATCH", "ETAG_MISMATCH", "OK"]);
});

test("AlreadyExists: of racing users with one address one is added", async () => {
  const { admin } = await newOrg(identity());
  const email = newEmail();
  const outcomes = await outcomesOf(
    [identity(), other(), identity(), other()].map((service, index) =>
      service.client(UserService, admin).createUser({
        user: { email: index % 2 ? email : email.toUpperCase() },
        password,
      }),
    ),
  );
  expect(outcomes).toEqual(["OK", "RESOURCE_EXISTS", "RESOURCE_EXISTS", "RESOURCE_EXISTS"]);
});

test("Unauthenticated: a login that meets its user's deactivation waits for it, and is refused", async () => {
  const { sql } = identity().database;
  const { admin } = await newOrg(identity());
  const { userId, email } = await newUser(identity(), admin);
  const login = await sql.begin(async (deactivation) => {
    await deactivation`update identity.users set active = false where user_id = ${userId}`;
    const running = failureOf(logIn(identity(), { email }));
    await expect
      .poll(
        () => sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database() and query like '%for share%'`,
      )
      .toHaveLength(1);
    return { running };
  });
  expect(await login.running).toEqual(credentialInvalid);
  expect(await sql`select 1 from identity.logins where user_id = ${userId}`).toEqual([]);
});

test("Unauthenticated: no login outlives its user's deactivation", async () => {
  const { admin } = await newOrg(identity());
  const { userId, email } = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const setActive = (active: boolean) =>
    users.updateUser({ user: { userId, active }, updateMask: { paths: ["active"] } });
  const first = await logIn(identity(), { email });
  const logins = [identity(), other(), identity(), other()].map((service) => logIn(service, { email }));
  const [settled] = await Promise.all([Promise.allSettled(logins), setActive(false)]);
  await setActive(true);
  const issued = settled.flatMap((login) => (login.status === "fulfilled" ? [login.value] : []));
  for (const { accessToken } of [first, ...issued]) {
    expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  }
});

test("OK: racing values of one new secret leave one of them", async () => {
  const { admin } = await newOrg(identity());
  const outcomes = await outcomesOf(
    [identity(), other(), identity(), other()].map((service, index) =>
      service.client(SecretService, admin).putSecret({ name: "raced", value: `value ${index}` }),
    ),
  );
  expect(outcomes).toEqual(["OK", "OK", "OK", "OK"]);
  const { secrets } = await identity().client(SecretService, admin).listSecrets({});
  expect(secrets.map(({ name }) => name)).toEqual(["raced"]);
});
