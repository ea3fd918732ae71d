import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { PostgresqlSettings } from "./settings.ts";

/** How long a server may take to let us in, in milliseconds. */
export const connectTimeoutMs = 5000;

/** The request of PostgreSQL's protocol to encrypt: its length and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** The server does not encrypt although the settings require it. */
export class EncryptionRefusedError extends Error {
  override name = "EncryptionRefusedError";
}

export type OpenSocket = {
  /** What PostgreSQL's protocol is spoken over. */
  readonly socket: Socket;
  /** The TCP connection below: counts bytes and can be cut. */
  readonly raw: Socket;
};

/** Connects to the first of the addresses that answers, encrypted as the settings say, before the signal aborts. */
export async function openSocket(
  addresses: readonly string[],
  { host, port, sslMode }: PostgresqlSettings,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const raw = await connectFirst(addresses, port, signal);
  const cut = () => raw.destroy(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  try {
    raw.setNoDelay(true);
    // Whoever uses the connection hears of its errors; when nobody does they must not end the process.
    raw.on("error", () => {});
    if (sslMode === "disable") return { socket: raw, raw };
    raw.write(sslRequest);
    const answer = await firstByte(raw, signal);
    if (answer === "S") return { socket: await encrypt(raw, host, signal), raw };
    if (sslMode === "require") throw new EncryptionRefusedError("the server does not encrypt");
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

async function firstByte(raw: Socket, signal: AbortSignal): Promise<string> {
  const closed = new AbortController();
  const close = () =>
    closed.abort(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
  raw.once("close", close);
  try {
    const [data] = (await once(raw, "data", { signal: AbortSignal.any([signal, closed.signal]) })) as [
      Buffer,
    ];
    return data.toString("latin1", 0, 1);
  } catch (error) {
    throw closed.signal.aborted ? closed.signal.reason : error;
  } finally {
    raw.off("close", close);
  }
}

async function encrypt(raw: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({
    socket: raw,
    // As libpq's `require`: against eavesdroppers, not against impostors.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 && { servername: host }),
  });
  await once(socket, "secureConnect", { signal });
  return socket;
}
