import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { run } from "../../services/identity/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  failureOf,
  identityConfig,
  logIn,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
  verify,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const refresh = (refreshToken: string) =>
  identity().client(AuthService, undefined).refreshToken({ refreshToken });

async function newLogin() {
  const { user } = await newOrg(identity());
  return { user, ...(await logIn(identity(), { email: user.email })) };
}

test("OK: answers new tokens of the same login and keeps the older access token", async () => {
  const { user, accessToken, refreshToken } = await newLogin();
  const answer = await refresh(refreshToken);
  expect(answer).toMatchObject({
    accessToken: expect.any(String),
    refreshToken: expect.stringMatching(/^rt_[\w-]{43}$/),
    tokenType: "Bearer",
    expiresIn: 900,
  });
  expect(answer.refreshToken).not.toBe(refreshToken);
  expect(await verify(identity(), answer.accessToken)).toMatchObject(principalOf(user));
  expect(await verify(identity(), accessToken)).toMatchObject(principalOf(user));
});

test("OK: a chain of refreshes goes on", async () => {
  let { refreshToken } = await newLogin();
  for (let count = 0; count < 5; count += 1) ({ refreshToken } = await refresh(refreshToken));
  expect(refreshToken).toMatch(/^rt_/);
});

const reused = { ...credentialInvalid, metadata: { cause: "refresh_token_reused" } };

/** Moves the spending of all tokens of a user's logins into the past. */
const waitSeconds = (userId: string, seconds: number) => identity().database.sql`
  update identity.refresh_tokens set spent_time = spent_time - make_interval(secs => ${seconds})
  where login_id in (select login_id from identity.logins where user_id = ${userId})`;

test("OK: a refresh whose response was lost is answered the same for ten seconds", async () => {
  const { user, refreshToken } = await newLogin();
  const first = await refresh(refreshToken);
  await waitSeconds(user.userId, 9);
  const second = await refresh(refreshToken);
  expect(second.refreshToken).toBe(first.refreshToken);
  expect(await verify(identity(), second.accessToken)).toMatchObject(principalOf(user));
  expect((await refresh(first.refreshToken)).tokenType).toBe("Bearer");
});

test("OK: 100 parallel refreshes of one token, in two processes, get the same tokens", async () => {
  const { user, accessToken, refreshToken } = await newLogin();
  await using other = await startService(run, identityConfig(identity().database));
  const services = [identity(), other];
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      (services[index % 2] ?? other).client(AuthService, undefined).refreshToken({ refreshToken }),
    ),
  );
  expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
  expect(new Set(answers.map((answer) => answer.accessToken)).size).toBe(1);
  const stored = await identity().database.sql`
    select 1 from identity.refresh_tokens join identity.logins using (login_id) where user_id = ${user.userId}`;
  expect(stored).toHaveLength(2);
  expect(await verify(identity(), accessToken)).toMatchObject(principalOf(user));
  expect((await refresh(answers[0]?.refreshToken ?? "")).tokenType).toBe("Bearer");
});

test("Unauthenticated: a token that is used again later ends its login, says why, and ends no other", async () => {
  const { user, accessToken, refreshToken } = await newLogin();
  const other = await logIn(identity(), { email: user.email });
  const next = await refresh(refreshToken);
  await waitSeconds(user.userId, 11);
  expect(await failureOf(refresh(refreshToken))).toEqual(reused);
  expect(await failureOf(refresh(next.refreshToken))).toEqual(reused);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(verify(identity(), next.accessToken))).toEqual(credentialInvalid);
  expect(await verify(identity(), other.accessToken)).toMatchObject(principalOf(user));
});

test("Unauthenticated: a repeated refresh of a login that was revoked in between", async () => {
  const { refreshToken } = await newLogin();
  const next = await refresh(refreshToken);
  await identity().client(AuthService, undefined).revokeToken({ refreshToken: next.refreshToken });
  expect(await failureOf(refresh(refreshToken))).toEqual(credentialInvalid);
});

test("Unauthenticated: a token that was spent before tokens had successors ends its login", async () => {
  const { user, refreshToken } = await newLogin();
  await refresh(refreshToken);
  await identity().database.sql`update identity.refresh_tokens set successor_nonce = null`;
  expect(await failureOf(refresh(refreshToken))).toEqual(reused);
  expect((await logIn(identity(), { email: user.email })).tokenType).toBe("Bearer");
});

test("Unauthenticated: an unknown, an expired, and an access token in its place", async () => {
  const { accessToken, refreshToken } = await newLogin();
  await identity().database.sql`update identity.refresh_tokens set expire_time = now()`;
  expect(await failureOf(refresh("rt_unknown"))).toEqual(credentialInvalid);
  expect(await failureOf(refresh(refreshToken))).toEqual(credentialInvalid);
  expect(await failureOf(refresh(accessToken.slice(0, 256)))).toEqual(credentialInvalid);
});

test("Unauthenticated: a user who was deactivated or removed", async () => {
  const { admin } = await newOrg(identity());
  const users = identity().client(UserService, admin);
  const [inactive, removed] = [await newUser(identity(), admin), await newUser(identity(), admin)];
  const tokens = [
    await logIn(identity(), { email: inactive.email }),
    await logIn(identity(), { email: removed.email }),
  ];
  await users.updateUser({
    user: { userId: inactive.userId, active: false },
    updateMask: { paths: ["active"] },
  });
  await users.deleteUser({ userId: removed.userId });
  for (const { refreshToken } of tokens) {
    expect(await failureOf(refresh(refreshToken))).toEqual(credentialInvalid);
  }
});

test.each([
  ["an empty token", ""],
  ["a huge token", "t".repeat(257)],
])("InvalidArgument: %s", async (_title, refreshToken) => {
  expect(await failureOf(refresh(refreshToken))).toEqual({
    code: "InvalidArgument",
    fields: ["refresh_token"],
  });
});

test("OK: the table holds no token that could be used", async () => {
  const { refreshToken } = await newLogin();
  const next = await refresh(refreshToken);
  for (const token of [refreshToken, next.refreshToken]) {
    const rows = await identity().database.sql`
      select 1 from identity.refresh_tokens t where position(${token.slice(3)} in t::text) > 0`;
    expect(rows).toEqual([]);
  }
});
