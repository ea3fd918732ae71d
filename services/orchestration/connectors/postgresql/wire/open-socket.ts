import { once } from "node:events";
import type { Socket } from "node:net";
import { connectPinned, type Route, startTls } from "../../network/connect-pinned.ts";

/** SSLRequest of PostgreSQL's protocol: its length and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** The server does not encrypt, although the connection requires it. */
export class EncryptionRefusedError extends Error {
  override name = "EncryptionRefusedError";
}

/** The response to SSLRequest is not PostgreSQL's, or more bytes came with it. */
export class EncryptionAnswerError extends Error {
  override name = "EncryptionAnswerError";
}

export type OpenSocket = {
  /** Carries PostgreSQL's protocol. */
  readonly socket: Socket;
  /** The TCP connection below, which counts bytes and can be cut. */
  readonly raw: Socket;
};

/** Connects to the first address that answers, with the security of the route, before the signal aborts. */
export async function openSocket(route: Route, signal: AbortSignal): Promise<OpenSocket> {
  const { security } = route;
  const raw = await connectPinned(route, signal);
  const cut = () => raw.destroy(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  try {
    raw.setNoDelay(true);
    // Errors reach the user of the connection. Without a user, they must not end the process.
    raw.on("error", () => {});
    if (security.sslMode === "disable") return { socket: raw, raw };
    raw.write(sslRequest);
    const response = await encryptionResponse(raw, signal);
    if (response === "S") return { socket: await startTls(raw, route, signal), raw };
    if (response !== "N") throw new EncryptionAnswerError("the answer is not PostgreSQL's");
    if (security.sslMode !== "prefer") throw new EncryptionRefusedError("the server does not encrypt");
    return { socket: raw, raw };
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** The first bytes of the server. More than one means that plaintext was injected before the handshake. */
async function encryptionResponse(raw: Socket, signal: AbortSignal): Promise<string> {
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
