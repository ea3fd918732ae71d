import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../lib/rpc/errors.ts";

// The words and the capitals are those of CDAP: its clients compare them.

const badRequest = (text: string): ConnectError => new ConnectError(text, Code.InvalidArgument);
const conflict = (text: string): ConnectError => new ConnectError(text, Code.Aborted);
const notFound = (text: string): ConnectError => failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, text);

export const namespaceUnknown = (name: string): ConnectError =>
  notFound(`'namespace:${name}' was not found.`);

/** As above, in the words of the calls for preferences. */
export const namespaceNotPresent = (name: string): ConnectError => notFound(`Namespace ${name} not present`);

export const namespaceIdInvalid = (): ConnectError =>
  badRequest("Namespace id can contain only alphanumeric characters or '_'.");

/** CDAP has no such limit. */
export const namespaceIdTooLong = (charactersMax: number): ConnectError =>
  badRequest(`Namespace id can contain at most ${charactersMax} characters.`);

export const namespaceReserved = (name: string): ConnectError =>
  badRequest(`Cannot create the namespace '${name}'. '${name}' is a reserved namespace.`);

export const namespaceBodyInvalid = (): ConnectError =>
  badRequest("Invalid json object provided in request body.");

export const preferencesInvalid = (): ConnectError => badRequest("Invalid JSON in body");

export const batchInvalid = (): ConnectError =>
  badRequest("Request body is invalid json, please check that it is a json array.");

export const programInvalid = (): ConnectError =>
  badRequest("Must provide valid appId, programType, and programId for each object.");

/** CDAP deletes at once. */
export const namespaceDeleting = (name: string): ConnectError =>
  conflict(`Namespace '${name}' is being deleted.`);

export const namespaceStays = (name: string): ConnectError =>
  conflict(`Namespace '${name}' cannot be deleted. '${name}' is a reserved namespace.`);

export const namespaceBusy = (name: string): ConnectError =>
  conflict(`Namespace '${name}' is being changed by others.`);

export const resetDisabled = (name: string): ConnectError =>
  new ConnectError(
    `Namespace '${name}' cannot be deleted because 'enable.unrecoverable.reset' is not enabled. ` +
      "Please enable it and restart CDAP Master.",
    Code.PermissionDenied,
  );

export const loginMissing = (): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_MISSING, "Authorization must be Basic");

export const loginRefused = (): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, "The user name or the password is wrong");
