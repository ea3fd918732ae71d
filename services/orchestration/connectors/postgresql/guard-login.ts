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
 * Reads what the server sends before the client does. When it asks for more of the password than it may, the connection is
 * cut and the client does not see the question: it answers one whenever it comes, also after the login, and a malformed one
 * ends the process.
 */
export function guardLogin(
  socket: Socket,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): LoginGuard {
  const guard: { refused: PasswordMethodError | undefined } = { refused: undefined };
  let allowed = passwordMethods === "any" ? anyCodes : scramCodes;
  const read = createMessageReader((code) => {
    if (code === undefined || !allowed.has(code)) guard.refused ??= new PasswordMethodError(reasonOf(code));
    // Nothing is asked for once the login succeeded.
    if (code === 0) allowed = new Set();
  });
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  socket.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event === "data" && !guard.refused) read(values[0] as Buffer);
    if (event !== "data" || !guard.refused) return emit(event, ...values);
    socket.destroy();
    return true;
  };
  return guard;
}

function reasonOf(code: number | undefined): string {
  if (code === 3) return "asks for the password in the clear";
  if (code === 5) return "asks for the password's MD5 hash";
  return "asks for a login that is not supported";
}

const headBytes = 5;
const codeBytes = 4;

type Authenticate = (code: number | undefined) => void;

/** Calls `authenticate` with the code of each Authentication message; with undefined for a malformed message. */
function createMessageReader(authenticate: Authenticate): (piece: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (piece) => {
    const bytes = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    let at = skip;
    while (bytes.length - at >= headBytes) {
      const end = readMessage(bytes, at, authenticate);
      if (end === undefined) break;
      at = end;
    }
    skip = Math.max(0, at - bytes.length);
    pending = Buffer.from(bytes.subarray(at));
  };
}

/** Where the message ends that begins there; undefined when more of it is needed. */
function readMessage(bytes: Buffer, at: number, authenticate: Authenticate): number | undefined {
  const isAuthentication = bytes[at] === authentication;
  if (isAuthentication && bytes.length - at < headBytes + codeBytes) return undefined;
  const length = bytes.readUInt32BE(at + 1);
  const isMalformed = length < codeBytes * (isAuthentication ? 2 : 1);
  if (isMalformed) authenticate(undefined);
  else if (isAuthentication) authenticate(bytes.readUInt32BE(at + headBytes));
  return at + length + 1;
}
