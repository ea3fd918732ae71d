import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { permissionsOf } from "../../services/lib/rpc/permissions.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: answers the caller, the key that came with the call, and what the roles allow, sorted", async () => {
  const caller = principal({ roles: ["approver"], apiKeyId: "0199-key" });
  expect(await identity().client(AuthService, caller).whoAmI({})).toEqual({
    $typeName: "sluice.identity.v1.WhoAmIResponse",
    orgId: caller.orgId,
    userId: caller.userId,
    apiKeyId: "0199-key",
    roles: ["approver"],
    permissions: permissionsOf(["approver"]),
    delegateUserId: "",
    delegateApiKeyId: "",
  });
});

test("OK: a delegated call names the key that made it, and its user", async () => {
  const delegate = { userId: "0199-platform", apiKeyId: "0199-key" };
  const answer = await identity().client(AuthService, principal({ delegate })).whoAmI({});
  expect(answer).toMatchObject({
    apiKeyId: "",
    delegateUserId: "0199-platform",
    delegateApiKeyId: "0199-key",
  });
});

test("OK: an access token's call has no key, and a platform administrator may do everything", async () => {
  const answer = await identity().client(AuthService, identity().root).whoAmI({});
  expect(answer).toMatchObject({ apiKeyId: "", roles: ["admin", "platform-admin"] });
  expect(answer.permissions).toContain("orgs.all");
});

test.each([
  [["sources.read", "users.write"], [], ["sources.read"]],
  [["sources.read", "users.read"], ["lab"], ["sources.read"]],
  [["principals.delegate"], [], ["principals.delegate"]],
])("OK: a key that is narrowed to %j and %j has %j", async (permissions, namespaces, held) => {
  const caller = principal({ roles: ["viewer"], apiKeyId: "0199-key", limit: { permissions, namespaces } });
  const answer = await identity().client(AuthService, caller).whoAmI({});
  expect(answer).toMatchObject({ roles: ["viewer"], permissions: held });
});

test("Unauthenticated: nobody", async () => {
  expect(await failureOf(identity().client(AuthService, undefined).whoAmI({}))).toEqual({
    code: "Unauthenticated",
    reason: "CREDENTIAL_MISSING",
    metadata: {},
  });
});
