import { create } from "@bufbuild/protobuf";
import { type User, UserSchema } from "../../../gen/compat/gateway/v1/users_pb.ts";
import type { User as OwnUser } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { personNameOf } from "./person-name.ts";

/** A user of identity as the JWT gateway has it: roles, times and the organisation stay inside. */
export function toUser(user: OwnUser): User {
  const { firstName, lastName } = personNameOf(user.displayName ?? "");
  return create(UserSchema, {
    id: user.userId,
    email: user.email,
    isActive: user.active === true,
    ...(firstName !== undefined && { firstName }),
    ...(lastName !== undefined && { lastName }),
  });
}
