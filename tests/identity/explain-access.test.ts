import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { AccessService } from "../../gen/sluice/identity/v1/access_pb.ts";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import {
  failureOf,
  lacking,
  missing,
  newEditor,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(AccessService, who);
const permission = (value: string) => ({ case: "permission" as const, value });

test("OK: ExplainAccess says who may do what and why, and what would have to change", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["viewer"] });
  const subject = { case: "userId" as const, value: colleague.userId };
  const ask = (action: string, namespace = "") =>
    as(admin).explainAccess({ subject, action: permission(action), namespace });
  expect(await ask("sources.write", "default")).toMatchObject({
    allowed: false,
    permission: "sources.write",
    explanation: `user ${colleague.email} may not do what sources.write permits in the namespace default: it needs the permission sources.write, which none of its roles there gives`,
    changes: [`grant user ${colleague.email} one of the roles editor, admin in the namespace default`],
  });
  const grantee = { case: "group" as const, value: "analysts" };
  const grants = identity().client(GrantService, admin);
  const { grant } = await grants.createGrant({ grant: { grantee, role: "editor", namespace: "default" } });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: colleague.userId, groups: ["analysts"] } });
  expect(await ask("sources.write", "default")).toMatchObject({
    allowed: true,
    reasons: [{ grantId: grant?.grantId, role: "editor", namespace: "default", group: "analysts" }],
    changes: ["take back the role editor of the group analysts in the namespace default"],
  });
  expect((await ask("sources.write")).allowed).toBe(false);
});

test("OK: an API key has no more than its user, and an inactive user has nothing", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["editor"] });
  const { apiKey } = await identity()
    .client(ApiKeyService, principalOf(colleague))
    .createApiKey({ apiKey: { displayName: "loader", roles: ["viewer"] } });
  const method = { case: "method" as const, value: "sluice.storage.v1.FileService.UploadFile" };
  const ofKey = await as(admin).explainAccess({
    subject: { case: "apiKeyId", value: apiKey?.apiKeyId ?? "" },
    action: method,
  });
  expect(ofKey).toMatchObject({ allowed: false, permission: "storage.files.write" });
  expect(ofKey.explanation).toContain("which its user has and the key has not");
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: colleague.userId, active: false }, updateMask: { paths: ["active"] } });
  const ofUser = await as(admin).explainAccess({
    subject: { case: "userId", value: colleague.userId },
    action: method,
  });
  expect(ofUser).toMatchObject({ allowed: false });
  expect(ofUser.explanation).toContain("is not active");
});

test("NotFound: another organisation's user and key, and an unknown namespace", async () => {
  const { admin } = await newOrg(identity());
  const foreign = (await newOrg(identity())).admin.userId;
  for (const value of [foreign, randomUUID()]) {
    const ask = (kind: "userId" | "apiKeyId") =>
      failureOf(
        as(admin).explainAccess({ subject: { case: kind, value }, action: permission("users.read") }),
      );
    expect(await ask("userId")).toEqual(missing("user", value));
    expect(await ask("apiKeyId")).toEqual(missing("api_key", value));
  }
  const subject = { case: "userId" as const, value: admin.userId };
  const nowhere = as(admin).explainAccess({
    subject,
    action: permission("sources.read"),
    namespace: "nowhere",
  });
  expect(await failureOf(nowhere)).toEqual(missing("namespace", "nowhere"));
});

test("InvalidArgument: an unknown method or permission, an internal method, a namespace for the organisation's", async () => {
  const { admin } = await newOrg(identity());
  const subject = { case: "userId" as const, value: admin.userId };
  const fields = async (action: object, namespace = "") => {
    const failure = await failureOf(as(admin).explainAccess({ subject, action, namespace } as never));
    return "fields" in failure ? failure.fields : failure;
  };
  expect(await fields({ case: "method", value: "sluice.storage.v1.FileService.Nothing" })).toEqual([
    "method",
  ]);
  expect(await fields({ case: "method", value: "sluice.identity.v1.PolicyService.GetPrincipal" })).toEqual([
    "method",
  ]);
  expect(await fields(permission("everything"))).toEqual(["permission"]);
  expect(await fields(permission("users.read"), "default")).toEqual(["namespace"]);
});

test("PermissionDenied: an editor, and the whole organisation by an administrator of one namespace", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  const steward: Principal = { ...admin, roles: [], grants: [{ namespace: "default", roles: ["admin"] }] };
  const subject = { case: "userId" as const, value: admin.userId };
  for (const who of [editor, steward]) {
    const call = as(who).explainAccess({ subject, action: permission("sources.read") });
    expect(await failureOf(call)).toEqual(lacking("grants.read"));
  }
});
