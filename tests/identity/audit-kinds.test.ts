import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import {
  type AuditEvent,
  AuditMethod,
  AuditOutcome,
  AuditService,
} from "../../gen/sluice/identity/v1/audit_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { newAudited, startAudit } from "./audit-scene.ts";
import { failureOf, logIn, newEmail, newUser } from "./fixtures.ts";

const scene = forFile(startAudit);

const { SUCCEEDED, REFUSED } = AuditOutcome;
const firstPassword = "a long first password";

/** What an event says, without chain, time and ids of its own. */
const told = ({ kind, actorUserId, resource, outcome, method, detailsJson }: AuditEvent) => ({
  kind,
  actor: actorUserId,
  resource,
  outcome,
  method,
  details: JSON.parse(detailsJson),
});

/** An event that an administrator caused. */
const by = (actor: Principal, kind: string, resource: string, details: unknown = {}) => ({
  kind,
  actor: actor.userId,
  resource,
  outcome: SUCCEEDED,
  method: AuditMethod.UNSPECIFIED,
  details,
});

test("OK: users, from their creation to their removal", async () => {
  const { admin, audit } = await newAudited(scene());
  const users = scene().client(UserService, admin);
  const { user } = await users.createUser({
    user: { email: newEmail() },
    password: firstPassword,
    roles: ["editor"],
  });
  const userId = user?.userId ?? "";
  const update = (change: object, ...paths: string[]) =>
    users.updateUser({ user: { userId, ...change }, updateMask: { paths } });
  await update({ roles: ["viewer"] }, "roles");
  await update({ active: false, displayName: "A person" }, "active", "display_name");
  await users.deleteUser({ userId });
  const { events } = await audit.listAuditEvents({});
  const about = `users/${userId}`;
  expect(events.map(told)).toEqual([
    by(admin, "user.deleted", about),
    by(admin, "user.updated", about, { active: false, displayNameChanged: true }),
    by(admin, "user.updated", about, { roles: ["viewer"] }),
    by(admin, "user.created", about, { roles: ["editor"] }),
  ]);
  expect(JSON.stringify(events.map(told))).not.toMatch(/A person|@/);
});

test("OK: API keys and secrets, without their values", async () => {
  const { admin, audit } = await newAudited(scene());
  const keys = scene().client(ApiKeyService, admin);
  const { apiKey } = await keys.createApiKey({ apiKey: { displayName: "key", roles: ["viewer"] } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  await keys.updateApiKey({ apiKey: { apiKeyId, displayName: "renamed", permissions: ["users.read"] } });
  await keys.revokeApiKey({ apiKeyId });
  const secrets = scene().client(SecretService, admin);
  const destination = { connector: "postgresql", host: "db.example.org", port: 5432 };
  await secrets.putSecret({ name: "warehouse", value: "a very secret value", destinations: [destination] });
  await secrets.updateSecret({
    secret: { name: "warehouse", destinations: [] },
    updateMask: { paths: ["destinations"] },
  });
  await scene().database.sql`update identity.secrets set destinations = null where org_id = ${admin.orgId}`;
  const policies = scene().client(PolicyService, undefined, "orchestration");
  for (let call = 0; call < 2; call += 1) await policies.bindSecrets({ orgId: admin.orgId, uses: [] });
  await secrets.deleteSecret({ name: "warehouse" });
  const { events } = await audit.listAuditEvents({});
  const about = "secrets/warehouse";
  expect(events.map(told)).toEqual([
    by(admin, "secret.deleted", about),
    { ...by(admin, "secret.bound", "", { names: ["warehouse"] }), actor: "" },
    by(admin, "secret.updated", about, { destinations: [] }),
    by(admin, "secret.put", about, { destinations: [destination] }),
    by(admin, "api_key.revoked", `api_keys/${apiKeyId}`, { userId: admin.userId }),
    by(admin, "api_key.updated", `api_keys/${apiKeyId}`, {
      fields: ["display_name", "permissions"],
      userId: admin.userId,
    }),
    by(admin, "api_key.created", `api_keys/${apiKeyId}`, { roles: ["viewer"] }),
  ]);
  expect(JSON.stringify(events.map(told))).not.toMatch(/very secret|another name/);
});

test("OK: organisations, in their own chain and in that of the platform administrator's", async () => {
  const { root } = scene();
  const orgs = scene().client(OrgService, root);
  const name = `org-${randomUUID()}`;
  const { org, admin } = await orgs.createOrg({
    org: { name },
    admin: { email: newEmail(), password: firstPassword },
  });
  const orgId = org?.orgId ?? "";
  await orgs.updateOrg({ org: { orgId, displayName: "Another" }, updateMask: { paths: ["display_name"] } });
  const about = `orgs/${orgId}`;
  const events = async (who: Principal, filter: object) =>
    (await scene().client(AuditService, who).listAuditEvents(filter)).events.map(told);
  expect(await events({ ...root, orgId, roles: ["approver"] }, {})).toEqual([
    by(root, "org.updated", about, { fields: ["display_name"] }),
    by(root, "user.created", `users/${admin?.userId}`, { roles: ["admin"] }),
    by(root, "org.created", about),
  ]);
  expect(await events(root, { resource: about })).toEqual([by(root, "org.created", about)]);
  expect(await events(root, { kinds: ["user.created"] })).toEqual([
    {
      ...by(root, "user.created", `users/${root.userId}`, { roles: ["admin", "platform-admin"] }),
      actor: "",
    },
  ]);
});

test("OK: logins by password and by key, refreshes, reuses and revocations", async () => {
  const { admin, audit, user } = await newAudited(scene());
  const auth = scene().client(AuthService, undefined);
  const first = await logIn(scene(), { email: user.email });
  const second = await auth.refreshToken({ refreshToken: first.refreshToken });
  // Later than the time in which a second use of the token is no reuse.
  await scene().database.sql`update identity.refresh_tokens set spent_time = spent_time - interval '11 s'
    where login_id in (select login_id from identity.logins where user_id = ${user.userId})`;
  await failureOf(auth.refreshToken({ refreshToken: first.refreshToken }));
  await failureOf(auth.refreshToken({ refreshToken: second.refreshToken }));
  const { secret, apiKey } = await scene()
    .client(ApiKeyService, admin)
    .createApiKey({ apiKey: { displayName: "key" } });
  const { refreshToken } = await auth.issueToken({ apiKey: secret });
  for (let call = 0; call < 2; call += 1) await auth.revokeToken({ refreshToken });
  const { events } = await audit.listAuditEvents({
    kinds: ["login", "token.refreshed", "token.reused", "token.revoked"],
  });
  const details = { loginId: expect.stringMatching(/^[\da-f-]{36}$/) };
  const about = `users/${admin.userId}`;
  expect(events.map(told)).toEqual([
    { ...by(admin, "token.revoked", about, details), method: AuditMethod.REFRESH_TOKEN },
    { ...by(admin, "login", about, details), method: AuditMethod.API_KEY },
    {
      ...by(admin, "token.reused", about, details),
      actor: "",
      outcome: REFUSED,
      method: AuditMethod.REFRESH_TOKEN,
    },
    { ...by(admin, "token.refreshed", about, details), method: AuditMethod.REFRESH_TOKEN },
    { ...by(admin, "login", about, details), method: AuditMethod.PASSWORD },
  ]);
  expect(events.map(({ actorApiKeyId }) => actorApiKeyId)).toEqual([
    apiKey?.apiKeyId,
    apiKey?.apiKeyId,
    "",
    "",
    "",
  ]);
});

test("OK: what fails leaves no event", async () => {
  const { admin, audit, user } = await newAudited(scene());
  const users = scene().client(UserService, admin);
  await failureOf(users.createUser({ user: { email: user.email }, password: firstPassword }));
  await failureOf(users.deleteUser({ userId: admin.userId }));
  await failureOf(users.deleteUser({ userId: randomUUID() }));
  await failureOf(
    users.updateUser({ user: { userId: user.userId, etag: "9" }, updateMask: { paths: ["active"] } }),
  );
  await failureOf(scene().client(SecretService, admin).deleteSecret({ name: "none" }));
  await failureOf(scene().client(ApiKeyService, admin).revokeApiKey({ apiKeyId: randomUUID() }));
  expect((await audit.listAuditEvents({})).events).toEqual([]);
});

test("OK: racing changes of one organisation form one chain", async () => {
  const { admin, audit } = await newAudited(scene());
  const others = await Promise.all(Array.from({ length: 8 }, () => newUser(scene(), admin)));
  const users = scene().client(UserService, admin);
  await Promise.all(
    others.flatMap(({ userId }) =>
      ["a", "b", "c"].map((displayName) =>
        users.updateUser({ user: { userId, displayName }, updateMask: { paths: ["display_name"] } }),
      ),
    ),
  );
  const { valid, chains } = await audit.verifyChain({});
  expect([valid, chains[1]?.eventCount]).toEqual([true, 24n]);
});
