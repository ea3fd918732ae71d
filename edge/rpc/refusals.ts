import { Code, ConnectError } from "@connectrpc/connect";

export const streamIdle = (seconds: number): ConnectError =>
  new ConnectError(`no message came or went for ${seconds} s`, Code.DeadlineExceeded);

export const methodUnknown = (): ConnectError =>
  new ConnectError("there is no such method", Code.Unimplemented);

export const deadlinePassed = (): ConnectError =>
  new ConnectError("the deadline passed", Code.DeadlineExceeded);

export const callerGone = (): ConnectError => new ConnectError("the caller went away", Code.Canceled);
