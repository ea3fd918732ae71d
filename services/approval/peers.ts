import type { DescService } from "@bufbuild/protobuf";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ConnectorService } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import { createMeshClient } from "../lib/mesh/mesh-client.ts";
import type { MeshTls } from "../lib/mesh/mesh-tls.ts";
import { createSigner } from "../lib/rpc/principal.ts";
import type { ApprovalConfig } from "./config.ts";
import type { Peers } from "./deps.ts";

export function connectPeers(config: ApprovalConfig, tls: MeshTls | undefined): Peers & Disposable {
  using stack = new DisposableStack();
  const signer = createSigner("approval", config.meshPrivateKey);
  const client = <S extends DescService>(service: S, peer: string, address: string) =>
    stack.use(createMeshClient(service, { peer, address, signer, tls }));
  const orchestration = <S extends DescService>(service: S) =>
    client(service, "orchestration", config.orchestrationAddress);
  const peers = {
    sources: orchestration(SourceService),
    connectors: orchestration(ConnectorService),
    catalog: orchestration(CatalogService),
    lineage: orchestration(LineageService),
    staging: client(StagingService, "staging", config.stagingAddress),
    packages: client(PackageService, "staging", config.stagingAddress),
    releases: client(ReleaseService, "storage", config.storageAddress),
    policies: client(PolicyService, "identity", config.identityAddress),
  };
  const owned = stack.move();
  return { ...peers, [Symbol.dispose]: () => owned[Symbol.dispose]() };
}
