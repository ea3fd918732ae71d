import { randomBytes, randomUUID } from "node:crypto";
import { AuthService, type IssueTokenResponse } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { type User, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { IdentityConfig } from "../../services/identity/config.ts";
import { run } from "../../services/identity/run.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { newId } from "../../services/lib/values/ids.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, type RunningService, startService } from "../lib/test-mesh.ts";

export { failureOf, lacking, missing } from "../lib/failure-of.ts";

export const bootstrapEmail = "admin@sluice.local";
export const password = "correct horse battery staple";
export const encryptionKey = randomBytes(32).toString("base64");

/** Address of services that do not run. */
const nobody = "127.0.0.1:1";

export function identityConfig(
  database: TestDatabase,
  overrides: Partial<IdentityConfig> = {},
): IdentityConfig {
  return {
    logLevel: "silent",
    grpcListen: "127.0.0.1:0",
    databaseUrl: database.urls.identity,
    meshPrivateKey: meshKeys.privateKeys.identity ?? "",
    meshTrustedKeys: meshKeys.publicKeys,
    meshFiles: undefined,
    bootstrapAdminEmail: bootstrapEmail,
    bootstrapAdminPassword: password,
    secretEncryptionKey: encryptionKey,
    issuers: [],
    approvalAddress: nobody,
    orchestrationAddress: nobody,
    stagingAddress: nobody,
    storageAddress: nobody,
    secretDecryptionKey: undefined,
    servicePrincipals: [],
    secretsFolder: undefined,
    ...overrides,
  };
}

export type Identity = RunningService & {
  database: TestDatabase;
  /** The platform administrator. */
  root: Principal;
};

/** An identity service with its own database. */
export async function startIdentity(overrides: Partial<IdentityConfig> = {}): Promise<Identity> {
  const database = await createTestDatabase();
  const service = await startService(run, identityConfig(database, overrides));
  const root = await logInAs(service, { email: bootstrapEmail });
  return {
    ...service,
    database,
    root,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

export const newEmail = (): string => `${randomUUID()}@example.org`;

// Users are inserted with the bootstrap user's password hash, because hashing takes as long as a whole test.

/** An organisation of its own with its first administrator. */
export async function newOrg(
  identity: Identity,
  overrides: { email?: string } = {},
): Promise<{ orgId: string; org: string; admin: Principal; user: User }> {
  const orgId = newId();
  const org = `org-${orgId}`;
  await identity.database.sql`
    insert into identity.orgs (org_id, name, display_name) values (${orgId}, ${org}, 'An organisation')`;
  await identity.database.sql`insert into identity.namespaces (org_id, name) values (${orgId}, 'default')`;
  const user = await insertUser(identity, { orgId, roles: ["admin"], ...overrides });
  return { orgId, org, user, admin: principalOf(user) };
}

/** A colleague of `admin`. */
export const newUser = (
  identity: Identity,
  { orgId }: Principal,
  overrides: { email?: string; roles?: string[] } = {},
): Promise<User> => insertUser(identity, { orgId, ...overrides });

export async function newEditor(identity: Identity, admin: Principal): Promise<Principal> {
  return principalOf(await newUser(identity, admin, { roles: ["editor"] }));
}

async function insertUser(
  identity: Identity,
  { orgId, email = newEmail(), roles = ["viewer"] }: { orgId: string; email?: string; roles?: string[] },
): Promise<User> {
  const userId = newId();
  await identity.database.sql`
    insert into identity.users (user_id, org_id, email, display_name, password_hash)
    select ${userId}, ${orgId}, ${email}, 'A colleague', password_hash
    from identity.users where user_id = ${identity.root.userId}`;
  await identity.database.sql`
    insert into identity.grants (grant_id, org_id, user_id, role)
    select gen_random_uuid(), ${orgId}, ${userId}, unnest(${roles}::text[])`;
  const { user } = await identity.client(UserService, { orgId, userId, roles }).getMe({});
  if (!user) throw new Error("no user");
  return user;
}

/** The principal that the edge asserts for a user. */
export const principalOf = ({ orgId, userId, roles }: User): Principal => ({ orgId, userId, roles });

export function logIn(
  service: RunningService,
  {
    email,
    headers = {},
    ...given
  }: { email: string; password?: string; org?: string; headers?: Record<string, string> },
): Promise<IssueTokenResponse> {
  return service.client(AuthService, undefined).issueToken({ email, password, ...given }, { headers });
}

/** Logs in. Returns the principal that the edge would assert. */
export async function logInAs(
  service: RunningService,
  login: { email: string; password?: string; org?: string },
): Promise<Principal> {
  const { accessToken } = await logIn(service, login);
  const { orgId, userId, roles, loginId } = await verify(service, accessToken);
  return { orgId, userId, roles, loginId };
}

/** Verifies an access token as the edge does. */
export const verify = (service: RunningService, accessToken: string) =>
  service
    .client(PolicyService, undefined)
    .verifyCredential({ credential: { case: "accessToken", value: accessToken } });

/** Verifies an API key as the edge does. */
export const verifyApiKey = (service: RunningService, apiKey: string) =>
  service
    .client(PolicyService, undefined)
    .verifyCredential({ credential: { case: "apiKey", value: apiKey } });

export const credentialInvalid = { code: "Unauthenticated", reason: "CREDENTIAL_INVALID", metadata: {} };
