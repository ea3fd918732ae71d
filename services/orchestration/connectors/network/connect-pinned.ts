import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls } from "node:tls";
import type { ConnectionSecurity } from "./connection-security.ts";

/** Timeout of a login, in milliseconds. */
export const connectTimeoutMs = 5000;

/** How to reach a server: its name, for the certificate, and the addresses that were checked. */
export type Route = {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly security: ConnectionSecurity;
};

/** Connects to the first address that answers. The host is not resolved again: it may mean another address by now. */
export async function connectPinned({ addresses, port }: Route, signal: AbortSignal): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    const socket = connect({ host: address, port });
    try {
      await once(socket, "connect", { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** Starts TLS on a connection, and verifies the certificate as the route requires. */
export async function startTls(raw: Socket, { host, security }: Route, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({
    socket: raw,
    minVersion: "TLSv1.2",
    rejectUnauthorized: security.sslMode === "verify-full",
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    ...(security.ca !== undefined && { ca: security.ca }),
    // SNI takes no addresses.
    ...(isIP(host) === 0 && { servername: host }),
  });
  // After an abort it emits another error that has no listener.
  socket.on("error", () => {});
  await once(socket, "secureConnect", { signal });
  return socket;
}
