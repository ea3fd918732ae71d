import { getOption, hasOption } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { delegatePermission, namespacesOf } from "../../services/lib/rpc/permissions.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { Exchange } from "../http/exchange.ts";

/**
 * The error that ends a call whose principal, as it is now, may no longer make it. The edge does not know in which namespace
 * a call reads, so losing one of those in which it was admitted ends it.
 */
export function lostAccess({ method, principal }: Exchange, now: Principal): ConnectError | undefined {
  if (!method || !hasOption(method, access)) return undefined;
  if (principal && isOther(principal, now)) return delegatedElsewhere();
  const { kind } = getOption(method, access);
  if (kind.case !== "permission" || !hasLost(kind.value, principal, now)) return undefined;
  return failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `permission ${kind.value} was lost while the call was under way`,
    { permission: kind.value },
  );
}

/** Its headers name somebody else now, or its key no longer speaks for others. */
const isOther = (before: Principal, now: Principal): boolean =>
  before.orgId !== now.orgId || before.userId !== now.userId;

const delegatedElsewhere = (): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    "the API key no longer speaks for the user of the call",
    { permission: delegatePermission },
  );

function hasLost(permission: string, before: Principal | undefined, now: Principal): boolean {
  const left = namespacesOf(now, permission);
  if (left === "all") return false;
  const admitted = before ? namespacesOf(before, permission) : [];
  return left.length === 0 || admitted === "all" || admitted.some((name) => !left.includes(name));
}
