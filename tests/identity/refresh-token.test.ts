import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  credentialInvalid,
  failureOf,
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

test("Unauthenticated: a token that was spent before ends its login, and no other", async () => {
  const { user, accessToken, refreshToken } = await newLogin();
  const other = await logIn(identity(), { email: user.email });
  const next = await refresh(refreshToken);
  expect(await failureOf(refresh(refreshToken))).toEqual(credentialInvalid);
  expect(await failureOf(refresh(next.refreshToken))).toEqual(credentialInvalid);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(verify(identity(), next.accessToken))).toEqual(credentialInvalid);
  expect(await verify(identity(), other.accessToken)).toMatchObject(principalOf(user));
});

test("Unauthenticated: of racing uses one wins, and the others end the login", async () => {
  const { accessToken, refreshToken } = await newLogin();
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => refresh(refreshToken)));
  const won = answers.filter(({ status }) => status === "fulfilled");
  expect(won).toHaveLength(1);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  const [winner] = won.map((answer) => (answer as PromiseFulfilledResult<{ refreshToken: string }>).value);
  expect(await failureOf(refresh(winner?.refreshToken ?? ""))).toEqual(credentialInvalid);
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
  const rows = await identity().database.sql`
    select token_sha256 from identity.refresh_tokens where token_sha256 like ${`%${refreshToken.slice(3)}%`}`;
  expect(rows).toEqual([]);
});
