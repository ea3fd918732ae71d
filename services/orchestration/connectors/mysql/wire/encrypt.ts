import type { Socket } from "node:net";
import { type Route, startTls } from "../../network/connect-pinned.ts";
import { capabilities, type Greeting } from "./greeting.ts";
import { headBytes, packetOf } from "./packets.ts";

/** The server does not encrypt, although the connection requires it. */
export class EncryptionRefusedError extends Error {
  override name = "EncryptionRefusedError";
}

const requestBytes = 32;

/**
 * Starts TLS before the login is sent, if the route wants it and the server can. Returns undefined if the connection stays
 * as it is. The request has the first fields of the login: some servers read the client's flags from there only.
 */
export async function encrypt(
  raw: Socket,
  route: Route,
  greeting: Greeting | undefined,
  login: Buffer,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  const { sslMode } = route.security;
  if (sslMode === "disable") return undefined;
  if (((greeting?.capabilities ?? 0) & capabilities.tls) === 0) {
    if (sslMode === "prefer") return undefined;
    throw new EncryptionRefusedError("the server does not encrypt");
  }
  login.writeUInt32LE((login.readUInt32LE(headBytes) | capabilities.tls) >>> 0, headBytes);
  raw.removeAllListeners("data");
  raw.write(packetOf(1, login.subarray(headBytes, headBytes + requestBytes)));
  return await startTls(raw, route, signal);
}
