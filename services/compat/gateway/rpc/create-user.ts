import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { CreateUserRequest, UserService } from "../../../../gen/compat/gateway/v1/users_pb.ts";
import type { User } from "../../../../gen/sluice/identity/v1/users_pb.ts";
import { callerKey } from "../../../lib/rpc/guard.ts";
import { answeredBy } from "../../answered-by.ts";
import type { GatewayDeps } from "../deps.ts";
import { headerMissing, userExists } from "../errors.ts";
import { toUser } from "../message.ts";
import { displayNameOf } from "../person-name.ts";

export const createUser =
  (deps: GatewayDeps): MethodImpl<typeof UserService.method.createUser> =>
  async (request, context) => {
    const isKnown = context.values.get(callerKey)?.principal !== undefined;
    try {
      return { user: toUser(await (isKnown ? addUser(deps, request) : registerUser(deps, request))) };
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      if (error.code === Code.AlreadyExists) throw userExists();
      // Nothing that the caller named can be missing: the log has the setting, and the caller an internal error.
      if (error.code === Code.NotFound) throw new Error("GATEWAY_REGISTRATION_ORG names no organisation");
      throw error;
    }
  };

async function addUser({ users }: GatewayDeps, request: CreateUserRequest): Promise<User> {
  const { email, password, isActive = true } = request;
  const { user } = await users.createUser({
    user: { email, displayName: displayNameOf(named(request)) },
    password,
  });
  const added = answeredBy("identity", user);
  if (isActive) return added;
  const { userId } = added;
  const changed = await users.updateUser({
    user: { userId, active: false },
    updateMask: { paths: ["active"] },
  });
  return answeredBy("identity", changed.user);
}

/** Somebody who registers is active, whatever the request says: nobody else could activate the account. */
async function registerUser(
  { accounts, registration }: GatewayDeps,
  request: CreateUserRequest,
): Promise<User> {
  if (!registration) throw headerMissing();
  const { email, password } = request;
  const displayName = displayNameOf(named(request));
  const { user } = await accounts.registerUser({ ...registration, email, password, displayName });
  return answeredBy("identity", user);
}

const named = ({ firstName, lastName }: CreateUserRequest) => ({ firstName, lastName });
