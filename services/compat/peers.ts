import type { DescService } from "@bufbuild/protobuf";
import { AccountService } from "../../gen/sluice/identity/v1/accounts_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { createMeshClient } from "../lib/mesh/mesh-client.ts";
import type { MeshTls } from "../lib/mesh/mesh-tls.ts";
import { createSigner } from "../lib/rpc/principal.ts";
import type { CdapPeers } from "./cdap/deps.ts";
import type { CompatConfig } from "./config.ts";
import type { GatewayPeers } from "./gateway/deps.ts";
import type { RivergenPeers } from "./rivergen/deps.ts";
import { connectRivergenPeers } from "./rivergen/peers.ts";

/** Clients of the mesh. A call from a handler carries the assertion of the handler's own caller. */
export function connectPeers(
  config: CompatConfig,
  tls: MeshTls | undefined,
): CdapPeers & GatewayPeers & { rivergen: RivergenPeers | undefined } & Disposable {
  using stack = new DisposableStack();
  const signer = createSigner("compat", config.meshPrivateKey);
  const connect = <S extends DescService>(service: S, peer: string, address: string) =>
    stack.use(createMeshClient(service, { peer, address, signer, tls }));
  const identity = <S extends DescService>(service: S) =>
    connect(service, "identity", config.identityAddress);
  const peers = {
    auth: identity(AuthService),
    users: identity(UserService),
    accounts: identity(AccountService),
    namespaces: identity(NamespaceService),
    rivergen: config.rivergen && connectRivergenPeers(config.rivergen, connect),
  };
  const owned = stack.move();
  return { ...peers, [Symbol.dispose]: () => owned[Symbol.dispose]() };
}
