import { NamespaceContentService as Approval } from "../../../gen/sluice/approval/v1/namespaces_pb.ts";
import { NamespaceContentService as Orchestration } from "../../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { NamespaceContentService as Staging } from "../../../gen/sluice/staging/v1/namespaces_pb.ts";
import { NamespaceContentService as Storage } from "../../../gen/sluice/storage/v1/namespaces_pb.ts";
import { createMeshClient, type MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { MeshTls } from "../../lib/mesh/mesh-tls.ts";
import { createSigner } from "../../lib/rpc/principal.ts";

/** Clients of the services that keep content in namespaces. */
export type ContentClients = {
  readonly approval: MeshClient<typeof Approval>;
  readonly orchestration: MeshClient<typeof Orchestration>;
  readonly staging: MeshClient<typeof Staging>;
  readonly storage: MeshClient<typeof Storage>;
};

type Addresses = Readonly<
  Record<"approvalAddress" | "orchestrationAddress" | "stagingAddress" | "storageAddress", string>
>;

export function connectContent(
  config: Addresses & { readonly meshPrivateKey: string },
  tls: MeshTls | undefined,
): ContentClients & Disposable {
  using stack = new DisposableStack();
  const signer = createSigner("identity", config.meshPrivateKey);
  const { approvalAddress, orchestrationAddress, stagingAddress, storageAddress } = config;
  const clients = {
    approval: stack.use(
      createMeshClient(Approval, { peer: "approval", address: approvalAddress, signer, tls }),
    ),
    orchestration: stack.use(
      createMeshClient(Orchestration, { peer: "orchestration", address: orchestrationAddress, signer, tls }),
    ),
    staging: stack.use(createMeshClient(Staging, { peer: "staging", address: stagingAddress, signer, tls })),
    storage: stack.use(createMeshClient(Storage, { peer: "storage", address: storageAddress, signer, tls })),
  };
  const owned = stack.move();
  return { ...clients, [Symbol.dispose]: () => owned[Symbol.dispose]() };
}
