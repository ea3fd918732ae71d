import type { Socket } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { listen, type TcpPort } from "../../lib/tcp.ts";

/** Attacks of the server, each in place of a correct response. `next` is the sequence number that the client expects. */
export type Attack = {
  greeting?(socket: Socket): void;
  login?(socket: Socket, next: number): void;
  /** Replaces the response to a statement without rows. */
  query?(socket: Socket): void;
  prepare?(socket: Socket): void;
  execute?(socket: Socket): void;
};

type HostileMysql = TcpPort & {
  readonly settings: JsonObject;
  attack: Attack;
  /** Everything that clients sent, as Latin-1. */
  received(): string;
};

/** A packet. `length` overrides the correct length. */
export function packet(sequence: number, body: Buffer | string, length?: number): Buffer {
  const bytes = Buffer.from(body as string, "latin1");
  const head = Buffer.alloc(4);
  head.writeUIntLE(length ?? bytes.length, 0, 3);
  head[3] = sequence & 0xff;
  return Buffer.concat([head, bytes]);
}

export const ok = (sequence: number) => packet(sequence, "\0\0\0\x02\0\0\0");
export const eof = (sequence: number, status = 2) => packet(sequence, Buffer.from([0xfe, 0, 0, status, 0]));
export const error = (sequence: number, errno: number, text: string) =>
  packet(sequence, `\xff${String.fromCharCode(errno & 0xff, errno >> 8)}#HY000${text}`);
export const switchTo = (plugin: string) => (socket: Socket, next: number) =>
  void socket.write(packet(next, `\xfe${plugin}\0${"s".repeat(20)}\0`));

/** Can protocol 4.1, secure logins and plugins, and no TLS. */
export const greeting = packet(
  0,
  `\x0a8.0.36-hostile\0\x07\0\0\0${"a".repeat(8)}\0\x08\x82\x21\x02\0\x08\0\x15${"\0".repeat(10)}${"b".repeat(12)}\0` +
    "mysql_native_password\0",
);

const text = (value: string) => String.fromCharCode(value.length) + value;
/** A text column. */
export const column = (sequence: number, name = "a") =>
  packet(
    sequence,
    `${text("def")}${text("")}${text("")}${text("")}${text(name)}${text("")}\x0c\x2d\0\x40\0\0\0\xfd\0\0\0\0\0`,
  );
export const row = (sequence: number, value: string) => packet(sequence, `\0\0${text(value)}`);
export const result = Buffer.concat([packet(1, "\x01"), column(2), eof(3)]);

/** A server with enough of MySQL's protocol for a test of the connection and a statement of one column. */
export async function startHostileMysql(attack: Attack = {}): Promise<HostileMysql> {
  const chunks: Buffer[] = [];
  const server = await listen((socket) => {
    let isIn = false;
    let held: Buffer = Buffer.alloc(0);
    if (hostile.attack.greeting) hostile.attack.greeting(socket);
    else socket.write(greeting);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readUIntLE(0, 3)) {
        const end = 4 + held.readUIntLE(0, 3);
        const body = held.subarray(4, end);
        const next = (held[3] ?? 0) + 1;
        held = held.subarray(end);
        if (isIn) serve(socket, body, hostile.attack);
        else if (hostile.attack.login) hostile.attack.login(socket, next);
        else socket.write(ok(next));
        isIn = true;
      }
    });
  });
  const settings = {
    host: "127.0.0.1",
    port: server.port,
    database: "d",
    user: "u",
    passwordSecret: "password",
  };
  const hostile: HostileMysql = Object.assign(server, {
    settings,
    attack,
    received: () => Buffer.concat(chunks).toString("latin1"),
  });
  return hostile;
}

const commands = { query: 0x03, prepare: 0x16, execute: 0x17 };

function serve(socket: Socket, body: Buffer, attack: Attack): void {
  const respond = (attacked: ((socket: Socket) => void) | undefined, response: Buffer) =>
    attacked ? attacked(socket) : socket.write(response);
  if (body[0] === commands.query) respond(attack.query, ok(1));
  if (body[0] === commands.prepare) {
    const parameters = body.toString("latin1").split("?").length - 1;
    const described = Array.from({ length: parameters }, (_, index) => column(2 + index, "?"));
    const after = parameters === 0 ? 2 : 3 + parameters;
    respond(
      attack.prepare,
      Buffer.concat([
        packet(1, `\0\x01\0\0\0\x01\0${String.fromCharCode(parameters)}\0\0\0\0`),
        ...described,
        ...(parameters === 0 ? [] : [eof(2 + parameters)]),
        column(after),
        eof(after + 1),
      ]),
    );
  }
  if (body[0] === commands.execute)
    respond(attack.execute, Buffer.concat([result, row(4, "8.0.36"), eof(5)]));
}
