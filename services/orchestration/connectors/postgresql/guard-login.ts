import type { Socket } from "node:net";
import type { ConnectionSecurity } from "./connection-security.ts";

/** The server asks for the password in a way that the connection's security does not allow. */
export class PasswordMethodError extends Error {
  override name = "PasswordMethodError";
}

export type LoginGuard = {
  /** Why the connection was cut; undefined while it was not. */
  readonly refused: PasswordMethodError | undefined;
};

/** Codes of an Authentication message: success and SCRAM's three steps; then the password itself and its MD5 hash. */
const scramCodes = new Set([0, 10, 11, 12]);
const anyCodes = new Set([...scramCodes, 3, 5]);
const authentication = "R".charCodeAt(0);

/**
 * Reads what the server sends, before the client does, and cuts the connection when it asks for more of the password than
 * it may. The client answers such a message whenever it comes, also after the login.
 */
export function guardLogin(
  socket: Socket,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): LoginGuard {
  const guard: { refused: PasswordMethodError | undefined } = { refused: undefined };
  let allowed = passwordMethods === "any" ? anyCodes : scramCodes;
  const refuse = (message: string) => {
    guard.refused ??= new PasswordMethodError(message);
    socket.destroy();
  };
  const read = createMessageReader((code) => {
    if (code === undefined || !allowed.has(code)) refuse(reasonOf(code));
    // Nothing is asked for once the login succeeded.
    if (code === 0) allowed = new Set();
  });
  // The client's listener comes later than this one, and no byte comes between.
  const attach = (event: string | symbol) => {
    if (event !== "data") return;
    socket.off("newListener", attach);
    socket.on("data", read);
  };
  socket.on("newListener", attach);
  return guard;
}

function reasonOf(code: number | undefined): string {
  if (code === 3) return "asks for the password in the clear";
  if (code === 5) return "asks for the password's MD5 hash";
  return "asks for a login that is not supported";
}

/** Calls `authenticate` with the code of each Authentication message; with undefined for a malformed message. */
function createMessageReader(authenticate: (code: number | undefined) => void): (piece: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (piece) => {
    const bytes = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    let at = skip;
    for (let head = readHead(bytes, at); head; head = readHead(bytes, at)) {
      if (head.isMalformed || head.isAuthentication) authenticate(head.code);
      if (head.isMalformed) return;
      at += head.bytes;
    }
    skip = Math.max(0, at - bytes.length);
    pending = Buffer.from(bytes.subarray(at));
  };
}

const headBytes = 5;
const codeBytes = 4;

/** What a message begins with; undefined while that is not there. */
function readHead(bytes: Buffer, at: number) {
  if (bytes.length - at < headBytes) return undefined;
  const isAuthentication = bytes[at] === authentication;
  const length = bytes.readUInt32BE(at + 1);
  const isMalformed = length < codeBytes * (isAuthentication ? 2 : 1);
  if (!isAuthentication || isMalformed) {
    return { isAuthentication, isMalformed, bytes: length + 1, code: undefined };
  }
  if (bytes.length - at < headBytes + codeBytes) return undefined;
  return { isAuthentication, isMalformed, bytes: length + 1, code: bytes.readUInt32BE(at + headBytes) };
}
