import type { UpdateUserRequest } from "../../../gen/compat/gateway/v1/users_pb.ts";
import type { User } from "../../../gen/sluice/identity/v1/users_pb.ts";
import { emailFixed } from "./errors.ts";
import { displayNameOf, personNameOf } from "./person-name.ts";

type Request = Partial<Pick<UpdateUserRequest, "email" | "isActive" | "firstName" | "lastName">>;

/**
 * The change of a user that a request asks for: the fields that it has and that differ. With the user's etag, because one
 * part of a name is written beside the other one as it was read.
 */
export function changeOf({ email, isActive, firstName, lastName }: Request, current: User) {
  if (email !== undefined && email.toLowerCase() !== current.email.toLowerCase()) throw emailFixed();
  const name = personNameOf(current.displayName ?? "");
  const isNamed = firstName !== undefined || lastName !== undefined;
  const displayName = isNamed
    ? displayNameOf({ firstName: firstName ?? name.firstName, lastName: lastName ?? name.lastName })
    : current.displayName;
  const active = isActive ?? current.active === true;
  const paths = [
    ...(displayName === current.displayName ? [] : ["display_name"]),
    ...(active === current.active ? [] : ["active"]),
  ];
  const { userId, etag } = current;
  return { user: { userId, etag, displayName, active }, updateMask: { paths } };
}
