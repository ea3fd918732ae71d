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
    ...overrides,
  };
}

export type Identity = RunningService & {
  database: TestDatabase;
  /** The platform administrator. */
  root: Principal;
};

/** A whole identity service on a database of its own. */
export async function startIdentity(): Promise<Identity> {
  const database = await createTestDatabase();
  const service = await startService(run, identityConfig(database));
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

// Users come straight into the table, with the bootstrap user's password: hashing one takes as long as a whole test.

/** An organisation of its own with its first administrator. */
export async function newOrg(identity: Identity): Promise<{ orgId: string; admin: Principal; user: User }> {
  const orgId = newId();
  await identity.database.sql`
    insert into identity.orgs (org_id, name, display_name)
    values (${orgId}, ${`org-${orgId}`}, 'An organisation')`;
  const user = await insertUser(identity, { orgId, roles: ["admin"] });
  return { orgId, user, admin: principalOf(user) };
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
    insert into identity.users (user_id, org_id, email, display_name, password_hash, roles)
    select ${userId}, ${orgId}, ${email}, 'A colleague', password_hash, ${roles}::text[]
    from identity.users where user_id = ${identity.root.userId}`;
  const { user } = await identity.client(UserService, { orgId, userId, roles }).getMe({});
  if (!user) throw new Error("no user");
  return user;
}

/** How the edge vouches for a user. */
export const principalOf = ({ orgId, userId, roles }: User): Principal => ({ orgId, userId, roles });

export function logIn(
  service: RunningService,
  { email, headers = {}, ...given }: { email: string; password?: string; headers?: Record<string, string> },
): Promise<IssueTokenResponse> {
  return service.client(AuthService, undefined).issueToken({ email, password, ...given }, { headers });
}

/** Logs in and answers whom the edge would vouch for. */
export async function logInAs(
  service: RunningService,
  login: { email: string; password?: string },
): Promise<Principal> {
  const { accessToken } = await logIn(service, login);
  const { orgId, userId, roles } = await verify(service, accessToken);
  return { orgId, userId, roles };
}

/** What the edge learns about an access token. */
export const verify = (service: RunningService, accessToken: string) =>
  service
    .client(PolicyService, undefined)
    .verifyCredential({ credential: { case: "accessToken", value: accessToken } });

/** What the edge learns about an API key. */
export const verifyApiKey = (service: RunningService, apiKey: string) =>
  service
    .client(PolicyService, undefined)
    .verifyCredential({ credential: { case: "apiKey", value: apiKey } });

export const credentialInvalid = { code: "Unauthenticated", reason: "CREDENTIAL_INVALID", metadata: {} };
