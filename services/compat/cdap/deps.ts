import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";

/** Methods of identity that CDAP's API calls. */
export type CdapPeers = {
  readonly auth: Pick<MeshClient<typeof AuthService>, "issueToken">;
  readonly namespaces: MeshClient<typeof NamespaceService>;
};

/** Dependencies of the handlers. */
export type CdapDeps = CdapPeers & {
  /** Whether namespaces can be deleted by this API. */
  readonly unrecoverableReset: boolean;
};
