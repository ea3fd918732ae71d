import { expect, test } from "vitest";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, missing, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("NotFound: GetMe of a user who was removed", async () => {
  const caller = principal();
  expect(await failureOf(identity().client(UserService, caller).getMe({}))).toEqual(
    missing("user", caller.userId),
  );
});

test("OK: the caller's own user", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  expect((await identity().client(UserService, principalOf(user)).getMe({})).user).toEqual(user);
});
