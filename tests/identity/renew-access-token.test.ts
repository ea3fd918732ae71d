import { expect, test } from "vitest";
import { AccountService } from "../../gen/sluice/identity/v1/accounts_pb.ts";
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

const renew = (refreshToken: string) =>
  identity().client(AccountService, undefined, "compat").renewAccessToken({ refreshToken });
const refresh = (refreshToken: string) =>
  identity().client(AuthService, undefined).refreshToken({ refreshToken });

async function newLogin() {
  const { user, admin } = await newOrg(identity());
  return { user, admin, ...(await logIn(identity(), { email: user.email })) };
}

test("OK: answers another access token as often as it is asked, and leaves the refresh token as it is", async () => {
  const { user, refreshToken } = await newLogin();
  const answers = [await renew(refreshToken), await renew(refreshToken)];
  for (const { accessToken, expiresIn } of answers) {
    expect(expiresIn).toBe(900);
    expect(await verify(identity(), accessToken)).toMatchObject(principalOf(user));
  }
  expect((await refresh(refreshToken)).refreshToken).toMatch(/^rt_/);
});

test("Unauthenticated: a token that was exchanged, without an end of its login", async () => {
  const { refreshToken } = await newLogin();
  const next = await refresh(refreshToken);
  expect(await failureOf(renew(refreshToken))).toEqual(credentialInvalid);
  expect((await renew(next.refreshToken)).accessToken).toMatch(/^ey/);
});

test("Unauthenticated: a token that is unknown, of a login that was revoked, or of a user who was made inactive", async () => {
  expect(await failureOf(renew("rt_unknown"))).toEqual(credentialInvalid);
  const { admin, accessToken, refreshToken } = await newLogin();
  expect(await failureOf(renew(accessToken))).toEqual(credentialInvalid);
  await identity().client(AuthService, undefined).revokeToken({ refreshToken });
  expect(await failureOf(renew(refreshToken))).toEqual(credentialInvalid);
  const { userId, email } = await newUser(identity(), admin);
  const login = await logIn(identity(), { email });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId, active: false }, updateMask: { paths: ["active"] } });
  expect(await failureOf(renew(login.refreshToken))).toEqual(credentialInvalid);
});
