import { Code, ConnectError } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import { currentCall, withinCall } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { allowsIn, namespacesOf } from "../../lib/rpc/permissions.ts";
import { rightsOf } from "../../lib/rpc/principal.ts";
import { signedUrlInvalid } from "../errors.ts";
import type { SignedUrlRow } from "./signed-url-repository.ts";

/** Identity's answer about the rights of a user. */
export type UserPolicies = Pick<MeshClient<typeof PolicyService>, "getPrincipal">;

/** Permission that an upload URL lends. */
const permission = "storage.files.write";
/** Timeout of the question to identity, in milliseconds. */
const timeoutMs = 5_000;

/**
 * The scope of the user who created an upload URL, with their rights of now. Throws signedUrlInvalid if they, or their API
 * key, are gone or may not upload to the namespace any more.
 */
export async function findSigner(
  { policies }: { readonly policies: UserPolicies },
  url: SignedUrlRow,
): Promise<Scope> {
  const { orgId, namespace, creatorUserId: userId } = url;
  const apiKey = url.apiKeyId === null ? {} : { apiKeyId: url.apiKeyId };
  const user = { orgId, userId, ...apiKey };
  const rights = await policies.getPrincipal(user, { timeoutMs }).catch((error: unknown) => {
    throw error instanceof ConnectError && error.code === Code.NotFound ? signedUrlInvalid() : error;
  });
  const principal = { ...user, ...rightsOf(rights) };
  if (!allowsIn(principal, permission, namespace)) throw signedUrlInvalid();
  return { orgId, namespaces: namespacesOf(principal, permission), principal };
}

/** Runs `work` within the current call, on behalf of the scope's principal instead of nobody. */
export function onBehalfOf<T>({ principal }: Scope, work: () => Promise<T>): Promise<T> {
  const call = currentCall();
  if (!call) throw new Error("there is no call to continue");
  return withinCall({ ...call, principal }, work);
}
