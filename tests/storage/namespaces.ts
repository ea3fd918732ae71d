import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { type Identity, newOrg, startIdentity } from "../identity/fixtures.ts";
import { type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { refuseDrift } from "./drift.ts";
import { startStorageIn } from "./fixtures.ts";

/** Storage and the identity service that knows its namespaces, on one database. */
export type StorageWithIdentity = AsyncDisposable & { identity: Identity; storage: RunningService };

export async function startStorageWithIdentity(): Promise<StorageWithIdentity> {
  await using stack = new AsyncDisposableStack();
  const identity = stack.use(await startIdentity());
  stack.defer(() => refuseDrift(identity.database.sql));
  const folder = stack.use(await temporaryFolder());
  const storage = stack.use(
    await startStorageIn(identity.database, folder.path, {}, undefined, identity.address),
  );
  const owned = stack.move();
  return { identity, storage, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** An organisation with these namespaces. */
export async function newOrgWith(identity: Identity, ...names: string[]): Promise<Principal> {
  const { admin } = await newOrg(identity);
  const namespaces = identity.client(NamespaceService, admin);
  for (const name of names) await namespaces.createNamespace({ namespace: { name } });
  return admin;
}

/** The principal with a role in one namespace alone. */
export const only = (who: Principal, namespace: string, role: string): Principal => ({
  ...who,
  roles: [],
  grants: [{ namespace, roles: [role] }],
});
