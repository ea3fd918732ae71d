import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { AuditService as Approval } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { AuditService as Storage } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { createMeshClient, type MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { MeshTls } from "../../lib/mesh/mesh-tls.ts";
import { failure } from "../../lib/rpc/errors.ts";
import { createSigner } from "../../lib/rpc/principal.ts";

/** Clients of the other services that have audit events. Identity runs without them. */
export type AuditPeers = {
  readonly approval: Pick<MeshClient<typeof Approval>, "listOrgEvents" | "verifyChain">;
  readonly storage: Pick<MeshClient<typeof Storage>, "listOrgEvents" | "verifyOrgChain">;
};

/** Time for a page of a service's events, in milliseconds. */
const answerMs = 10_000;

type Addresses = Readonly<Record<"meshPrivateKey" | "approvalAddress" | "storageAddress", string>>;

export function connectAudit(config: Addresses, tls: MeshTls | undefined): AuditPeers & Disposable {
  using stack = new DisposableStack();
  const signer = createSigner("identity", config.meshPrivateKey);
  const { approvalAddress, storageAddress } = config;
  const approval = createMeshClient(Approval, { peer: "approval", address: approvalAddress, signer, tls });
  const storage = createMeshClient(Storage, { peer: "storage", address: storageAddress, signer, tls });
  stack.use(approval);
  stack.use(storage);
  const owned = stack.move();
  return { approval, storage, [Symbol.dispose]: () => owned[Symbol.dispose]() };
}

/** Calls a service. Throws Unavailable that names it if it does not answer. */
export async function askPeer<T>(
  peer: keyof AuditPeers,
  call: (options: CallOptions) => Promise<T>,
): Promise<T> {
  try {
    return await call({ timeoutMs: answerMs });
  } catch (error) {
    if (ConnectError.from(error).code === Code.DeadlineExceeded) throw peerAway(peer);
    throw error;
  }
}

/** Verifications of the caller's chains in other services. They take as long as the call may. */
export async function peerChains({ approval, storage }: AuditPeers) {
  const [projects, stored] = await Promise.all([approval.verifyChain({}), storage.verifyOrgChain({})]);
  const { $typeName: _, ...verdict } = projects;
  if (!stored.chain) throw peerAway("storage");
  return { approval: { ...verdict, service: "approval" }, storage: stored.chain };
}

const peerAway = (peer: keyof AuditPeers): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, `${peer} does not answer`, { peer });
