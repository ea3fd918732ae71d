import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../lib/rpc/errors.ts";

// The words and the capitals are those of the JWT gateway: its clients compare them.

/** 400 */
export const loginRefused = (): ConnectError =>
  new ConnectError("Incorrect email or password", Code.FailedPrecondition);

/** 400 */
export const userInactive = (): ConnectError => new ConnectError("Inactive user", Code.FailedPrecondition);

/** 400 */
export const userExists = (): ConnectError =>
  new ConnectError("The user with this username already exists in the system", Code.FailedPrecondition);

/** 404 */
export const userUnknown = (): ConnectError =>
  failure(
    Code.NotFound,
    ErrorReason.RESOURCE_NOT_FOUND,
    "The user with this username does not exist in the system",
  );

/** 400: Sluice never changes an address. */
export const emailFixed = (): ConnectError =>
  new ConnectError("The email of a user can not be changed", Code.FailedPrecondition);

/** 401 */
export const headerMissing = (): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_MISSING, "Missing Authorization Header");

/** 422 */
export const headerMalformed = (): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_INVALID,
    "Bad Authorization header. Expected value 'Bearer <JWT>'",
  );

/** 422 */
export const notARefreshToken = (): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, "Only refresh tokens are allowed");
