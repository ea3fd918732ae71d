import type { Socket } from "node:net";
import { listen, type TcpPort } from "../lib/tcp.ts";

export type HostileDatabase = TcpPort & {
  /** Everything that clients sent, as Latin-1. */
  received(): string;
  /** How many connections there were. */
  opened(): number;
};

/** An Authentication message with a code, and with what follows it. */
export function authentication(code: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const message = Buffer.alloc(9, "R");
  message.writeUInt32BE(8 + rest.length, 1);
  message.writeUInt32BE(code, 5);
  return Buffer.concat([message, rest]);
}

const sslRequestBytes = 8;

/**
 * A listener that does not encrypt and answers a login with what it is told, or with nothing. It keeps all that it gets.
 */
export async function startHostileDatabase(
  answerLogin: (socket: Pick<Socket, "write">) => void,
): Promise<HostileDatabase> {
  const pieces: Buffer[] = [];
  let opened = 0;
  const port = await listen((socket) => {
    opened += 1;
    let loggedIn = false;
    socket.on("data", (piece: Buffer) => {
      pieces.push(piece);
      if (loggedIn) return;
      if (piece.length === sslRequestBytes) return void socket.write("N");
      loggedIn = true;
      answerLogin(socket);
    });
  });
  return Object.assign(port, {
    received: () => Buffer.concat(pieces).toString("latin1"),
    opened: () => opened,
  });
}

/** A listener that asks for the password in the clear. */
export const asksForCleartext = () => startHostileDatabase((socket) => socket.write(authentication(3)));
