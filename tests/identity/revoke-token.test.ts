import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  credentialInvalid,
  failureOf,
  logIn,
  newOrg,
  principalOf,
  startIdentity,
  verify,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const auth = () => identity().client(AuthService, undefined);
const emptied = { $typeName: "sluice.identity.v1.RevokeTokenResponse" };

test("OK: ends the login of the token, also by one that was spent, and leaves others alone", async () => {
  const { user } = await newOrg(identity());
  const first = await logIn(identity(), { email: user.email });
  const other = await logIn(identity(), { email: user.email });
  const next = await auth().refreshToken({ refreshToken: first.refreshToken });

  expect(await auth().revokeToken({ refreshToken: first.refreshToken })).toEqual(emptied);
  expect(await failureOf(verify(identity(), first.accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(verify(identity(), next.accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(auth().refreshToken({ refreshToken: next.refreshToken }))).toEqual(
    credentialInvalid,
  );
  expect(await verify(identity(), other.accessToken)).toMatchObject(principalOf(user));
});

test("OK: an unknown token and one that is revoked already", async () => {
  const { user } = await newOrg(identity());
  const { refreshToken } = await logIn(identity(), { email: user.email });
  for (const token of [refreshToken, refreshToken, "rt_unknown"]) {
    expect(await auth().revokeToken({ refreshToken: token })).toEqual(emptied);
  }
});

test("InvalidArgument: an empty token", async () => {
  const call = auth().revokeToken({ refreshToken: "" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["refresh_token"] });
});
