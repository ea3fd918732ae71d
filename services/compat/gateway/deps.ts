import type { AccountService } from "../../../gen/sluice/identity/v1/accounts_pb.ts";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { UserService } from "../../../gen/sluice/identity/v1/users_pb.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { Registration } from "./settings.ts";

/** Methods of identity that the JWT gateway's API calls. */
export type GatewayPeers = {
  readonly auth: Pick<MeshClient<typeof AuthService>, "issueToken" | "redeemPasswordReset">;
  readonly users: Pick<
    MeshClient<typeof UserService>,
    | "createUser"
    | "getUser"
    | "getMe"
    | "updateMe"
    | "changePassword"
    | "listUsers"
    | "updateUser"
    | "resetPassword"
    | "deleteUser"
  >;
  readonly accounts: Pick<MeshClient<typeof AccountService>, "registerUser" | "renewAccessToken">;
};

/** Dependencies of the handlers. */
export type GatewayDeps = GatewayPeers & {
  /** Undefined: nobody may register without a credential. */
  readonly registration: Registration | undefined;
};
