const reasons: Readonly<Record<string, string>> = {
  EACCES: "this process has no permission",
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine has no such address",
  EAI_AGAIN: "its host name can't be resolved now",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it closed the connection",
  EEXIST: "it exists",
  EHOSTUNREACH: "there is no route to it",
  EISDIR: "it is a folder",
  ENETUNREACH: "there is no route to it",
  ENOENT: "it does not exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  ENOTFOUND: "its host name has no address",
  EPERM: "this process has no permission",
  EROFS: "the file system is read-only",
  ETIMEDOUT: "it did not answer in time",
};

type SystemError = NodeJS.ErrnoException & { hostname?: string; address?: string; port?: number };

/** Why the operating system refused, in words for an operator; the error's own message where it did not. */
export function systemErrorReason(error: unknown): string {
  const { code = "", message } = error as SystemError;
  return reasons[code] ?? message;
}

/** As systemErrorReason, behind the file or the address that it is about. */
export function systemErrorMessage(error: unknown): string {
  const { path, hostname, address = hostname, port } = error as SystemError;
  const subject = path ?? (port === undefined ? address : `${address}:${port}`);
  const reason = systemErrorReason(error);
  return subject === undefined || reason.includes(subject) ? reason : `${subject}: ${reason}`;
}
