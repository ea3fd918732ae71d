import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls } from "node:tls";
import type { ConnectionSecurity } from "../network/connection-security.ts";

/** How long a server may take to let us in, in milliseconds. */
export const connectTimeoutMs = 5000;

/** The request of PostgreSQL's protocol to encrypt: its length and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** The server does not encrypt although the connection has to be. */
export class EncryptionRefusedError extends Error {
  override name = "EncryptionRefusedError";
}

/** The answer to the request to encrypt is not one of PostgreSQL's protocol, or more bytes came with it. */
export class EncryptionAnswerError extends Error {
  override name = "EncryptionAnswerError";
}

/** The way to a server: its name, for its certificate, and the addresses that were checked. */
export type Route = {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly security: ConnectionSecurity;
};

export type OpenSocket = {
  /** What PostgreSQL's protocol is spoken over. */
  readonly socket: Socket;
  /** The TCP connection below: counts bytes and can be cut. */
  readonly raw: Socket;
};

/** Connects to the first of the addresses that answers, secured as the route says, before the signal aborts. */
export async function openSocket(route: Route, signal: AbortSignal): Promise<OpenSocket> {
  const { addresses, port, security } = route;
  const raw = await connectFirst(addresses, port, signal);
  const cut = () => raw.destroy(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  try {
    raw.setNoDelay(true);
    // Whoever uses the connection hears of its errors; when nobody does they must not end the process.
    raw.on("error", () => {});
    if (security.sslMode === "disable") return { socket: raw, raw };
    raw.write(sslRequest);
    const answer = await encryptionAnswer(raw, signal);
    if (answer === "S") return { socket: await encrypt(raw, route, signal), raw };
    if (answer !== "N") throw new EncryptionAnswerError("the answer is not PostgreSQL's");
    if (security.sslMode !== "prefer") throw new EncryptionRefusedError("the server does not encrypt");
    return { socket: raw, raw };
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

async function connectFirst(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
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

/** All that the server sent first. More than one byte means that somebody injected plaintext ahead of the handshake. */
async function encryptionAnswer(raw: Socket, signal: AbortSignal): Promise<string> {
  const closed = new AbortController();
  const close = () =>
    closed.abort(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
  raw.once("close", close);
  try {
    const [data] = (await once(raw, "data", { signal: AbortSignal.any([signal, closed.signal]) })) as [
      Buffer,
    ];
    return data.toString("latin1", 0, 2);
  } catch (error) {
    throw closed.signal.aborted ? closed.signal.reason : error;
  } finally {
    raw.off("close", close);
  }
}

async function encrypt(raw: Socket, { host, security }: Route, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({
    socket: raw,
    minVersion: "TLSv1.2",
    rejectUnauthorized: security.sslMode === "verify-full",
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    ...(security.ca !== undefined && { ca: security.ca }),
    // An address is not sent as a server's name.
    ...(isIP(host) === 0 && { servername: host }),
  });
  // As for the connection below: after an abort it fails once more, and nobody listens.
  socket.on("error", () => {});
  await once(socket, "secureConnect", { signal });
  return socket;
}
