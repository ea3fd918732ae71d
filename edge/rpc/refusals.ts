import { Code, ConnectError } from "@connectrpc/connect";

export const methodUnknown = (): ConnectError =>
  new ConnectError("there is no such method", Code.Unimplemented);

export const deadlinePassed = (): ConnectError =>
  new ConnectError("the deadline passed", Code.DeadlineExceeded);

export const callerGone = (): ConnectError => new ConnectError("the caller went away", Code.Canceled);
