import type { Socket } from "node:net";
import { listen, type TcpPort } from "../lib/tcp.ts";

export type HostileDatabase = TcpPort & {
  /** Everything that clients sent, as Latin-1. */
  received(): string;
  /** Number of connections so far. */
  opened(): number;
};

/** An Authentication message with a code and a body. */
export function authentication(code: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const message = Buffer.alloc(9, "R");
  message.writeUInt32BE(8 + rest.length, 1);
  message.writeUInt32BE(code, 5);
  return Buffer.concat([message, rest]);
}

const sslRequestBytes = 8;

/**
 * A server without encryption that answers a login with the given bytes, or not at all. It records everything received.
 */
export async function startHostileDatabase(
  answerLogin: (socket: Pick<Socket, "write">) => void,
): Promise<HostileDatabase> {
  const chunks: Buffer[] = [];
  let opened = 0;
  const port = await listen((socket) => {
    opened += 1;
    let loggedIn = false;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (loggedIn) return;
      if (chunk.length === sslRequestBytes) return void socket.write("N");
      loggedIn = true;
      answerLogin(socket);
    });
  });
  return Object.assign(port, {
    received: () => Buffer.concat(chunks).toString("latin1"),
    opened: () => opened,
  });
}

/** A server that requests the password in clear text. */
export const asksForCleartext = () => startHostileDatabase((socket) => socket.write(authentication(3)));
