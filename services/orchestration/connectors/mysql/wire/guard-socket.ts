import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Route } from "../../network/connect-pinned.ts";
import { encrypt } from "./encrypt.ts";
import { createExchange, type Exchange, type OpenExchange } from "./exchange.ts";
import type { Greeting } from "./greeting.ts";
import { createPacketRules } from "./packet-rules.ts";
import { createPacketReader, type Packet, packetOf } from "./packets.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** A connection over which the client gets only packets that keep the rules. */
export type GuardedSocket = {
  /** Carries the protocol without encryption and with its own sequence numbers, for the client. */
  readonly socket: Duplex;
  /** Why the connection was cut, if the server broke a rule or refused the connection. */
  readonly violation: Error | undefined;
  /** The server's first packet, once it has arrived. */
  readonly greeting: Greeting | undefined;
  /** Whether the login is encrypted. */
  readonly isEncrypted: boolean;
  /** Whether an exchange is open. */
  readonly isBusy: boolean;
  /** Sends a command past the client, and takes what the server responds until the exchange is ended. */
  exchange(command: Buffer): Exchange;
  /** The connection becomes idle: any packet is a violation until the next command. */
  rest(): void;
  /** Closes the connection, with the reason for its user. */
  cut(reason: Error): void;
};

/**
 * Checks the packets of a server before the client parses them, because the client trusts every length and number. The
 * connection becomes encrypted before the client's first packet is sent, which has the password.
 */
export function guardSocket(
  raw: Socket,
  route: Route,
  server: string,
  connecting: AbortSignal,
): GuardedSocket {
  const rules = createPacketRules(server);
  let inner: Socket = raw;
  let violation: Error | undefined;
  let open: OpenExchange | undefined;

  function receive(received: Packet): void {
    const packet = rules.receive(received, inner !== raw);
    if (open) open.take(packet.body);
    else if (!socket.push(packetOf(packet.sequence, packet.body))) inner.pause();
  }

  function cut(reason: Error): void {
    violation ??= reason;
    inner.pause();
    socket.destroy(violation);
  }

  async function logIn(login: Buffer): Promise<void> {
    const encrypted = await encrypt(raw, route, rules.greeting, login, connecting);
    rules.logIn(encrypted ? 1 : 0);
    if (!encrypted) return;
    // Nobody knows who sent what came before the encryption.
    if (reader.isAmidPacket())
      throw protocolViolation(server, "the beginning of a packet before the encryption");
    inner = encrypted;
    forward(inner, socket, read);
  }

  function send(packet: Buffer): void {
    packet[3] = rules.send(packet[3] ?? 0);
    inner.write(packet);
  }

  const reader = createPacketReader((length) => rules.checkLength(length, open !== undefined), receive);
  function read(chunk: Buffer): void {
    try {
      reader.read(chunk);
    } catch (error) {
      cut(error as Error);
    }
  }
  const socket = new Duplex({
    allowHalfOpen: false,
    read: () => void (open?.isPaused || inner.resume()),
    write(packet: Buffer, _encoding, done) {
      const ready = rules.isGreeted ? logIn(packet) : Promise.resolve();
      ready
        .then(() => send(packet))
        .then(
          () => done(),
          (error) => {
            violation ??= error;
            done(error);
          },
        );
    },
    final: (done) => void inner.end(done),
    destroy(error, done) {
      open?.close(violation ?? error ?? connectionClosed());
      raw.destroy();
      done(error);
    },
  });
  // Errors reach the user of the socket. Without a user, they must not end the process.
  socket.on("error", () => {});
  forward(inner, socket, read);
  return {
    socket,
    get violation() {
      return violation;
    },
    get greeting() {
      return rules.greeting;
    },
    get isEncrypted() {
      return inner !== raw;
    },
    get isBusy() {
      return open !== undefined;
    },
    exchange(command) {
      const exchange = createExchange(inner, server, () => {
        open = undefined;
      });
      open = exchange;
      if (socket.destroyed) exchange.close(violation ?? connectionClosed());
      else send(packetOf(0, command));
      return exchange;
    },
    rest: rules.rest,
    cut,
  };
}

/** Passes the events of a connection on to the socket of its client. */
function forward(inner: Socket, socket: Duplex, read: (chunk: Buffer) => void): void {
  inner.on("data", read);
  inner.on("end", () => socket.push(null));
  inner.on("error", (error) => socket.destroy(error));
  inner.on("close", () => {
    // Data before the end of the stream may still be unread.
    if (!inner.readableEnded) socket.destroy();
  });
}

export const connectionClosed = () =>
  Object.assign(new Error("the connection was closed"), { code: "PROTOCOL_CONNECTION_LOST" });
