import { PolicyService, type ResolveSecretResponse } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { type Identity, newOrg } from "./fixtures.ts";

export type Destination = { connector: string; host: string; port: number };

export const warehouse: Destination = { connector: "postgresql", host: "db.example.org", port: 5432 };
export const elsewhere: Destination = { ...warehouse, host: "evil.example.org" };

/** The error of a destination that the secret does not allow. */
export const notAllowed = ({ connector, host, port }: Destination, secret = "db") => ({
  code: "FailedPrecondition",
  reason: "SECRET_NOT_ALLOWED",
  metadata: { secret, connector, host, port: String(port) },
});

/** The destination of secrets whose tests are about other things. */
export const here: Destination = { connector: "postgresql", host: "127.0.0.1", port: 5432 };

/** Clients of an identity's secrets, for any caller. */
export const secretClients = (identity: () => Identity) => ({
  secretsAs: (who: Principal) => identity().client(SecretService, who),
  resolve: (who: Principal | undefined, name: string, process = "orchestration") =>
    identity().client(PolicyService, who, process).resolveSecret({ name, destination: here }),
});

export type SecretScene = Awaited<ReturnType<typeof newSecretScene>>;

/** A new organisation with clients of its secrets. */
export async function newSecretScene(identity: Identity) {
  const { admin } = await newOrg(identity);
  const secretsAs = (who: Principal) => identity.client(SecretService, who);
  const policies = (process = "orchestration", who: Principal | undefined = undefined) =>
    identity.client(PolicyService, who, process);
  return {
    admin,
    editor: { ...admin, roles: ["editor"] },
    secretsAs,
    /** A client that calls as a process of the mesh does. */
    policies,
    resolve: (destination: Destination, name = "db"): Promise<ResolveSecretResponse> =>
      policies("orchestration", admin).resolveSecret({ name, destination }),
    async destinationsOf(name = "db") {
      const { secrets } = await secretsAs(admin).listSecrets({});
      const secret = secrets.find((candidate) => candidate.name === name);
      return secret?.destinations.map(({ connector, host, port }) => ({ connector, host, port }));
    },
    /** Leaves a secret as the version before destinations did. */
    forgetDestinations: (name = "db") =>
      identity.database.sql`
        update identity.secrets set destinations = null where org_id = ${admin.orgId} and name = ${name}`,
  };
}
