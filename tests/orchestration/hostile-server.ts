import type { Socket } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { listen, type TcpPort } from "../lib/tcp.ts";
import {
  authentication,
  columns,
  complete,
  copiedRow,
  copyOutResponse,
  copyTrailer,
  int16,
  int32,
  keyData,
  message,
  readyForQuery,
  row,
} from "./server-messages.ts";

/** Attacks of the server, each in place of a correct response. */
export type Attack = {
  /** Replaces the response to a login. */
  login?(socket: Socket): void;
  /** Replaces the response to an operation's main statement. */
  statement?(socket: Socket): void;
  /** Replaces the response to a COPY. */
  copy?(socket: Socket): void;
  /** Replaces the rows of a statement; with the OID of their type. */
  rows?(statement: string): { rows: Readonly<Record<string, string | null>>[]; type: number } | undefined;
};

export type HostileServer = TcpPort & { settings: JsonObject; attack: Attack };

/** A server with enough of PostgreSQL's protocol to be discovered, planned and read until it attacks. */
export async function startHostileServer(attack: Attack = {}): Promise<HostileServer> {
  const server = await listen((socket) => {
    let statement = "";
    const read = createClientReader(
      () => logIn(socket, hostile.attack),
      (kind, body) => {
        if (kind === "P") statement = body.toString().slice(1, body.indexOf(0, 1));
        else serve(socket, kind, statement, hostile.attack);
      },
      () => socket.write("N"),
    );
    socket.on("data", read);
  });
  const { port } = server;
  const settings = { host: "127.0.0.1", port, database: "d", user: "u", passwordSecret: "password" };
  const hostile = Object.assign(server, { settings, attack });
  return hostile;
}

/** Parses the client's bytes: requests to encrypt, the startup message (which has no type byte), and messages. */
function createClientReader(
  onStart: () => void,
  onMessage: (kind: string, body: Buffer) => void,
  onEncrypt: () => void,
): (piece: Buffer) => void {
  let received: Buffer = Buffer.alloc(0);
  let kindBytes = 0;
  const take = (): boolean => {
    const headBytes = kindBytes + 4;
    if (received.length < headBytes) return false;
    const end = kindBytes + received.readUInt32BE(kindBytes);
    if (received.length < end) return false;
    const body = received.subarray(headBytes, end);
    const kind = received.toString("latin1", 0, kindBytes);
    received = received.subarray(end);
    if (kindBytes === 1) onMessage(kind, body);
    else if (body.readUInt32BE(0) === sslCode) onEncrypt();
    else {
      kindBytes = 1;
      onStart();
    }
    return true;
  };
  return (piece) => {
    received = Buffer.concat([received, piece]);
    while (take());
  };
}

const sslCode = 80_877_103;
export const loggedIn = Buffer.concat([authentication(0), keyData, readyForQuery]);

function logIn(socket: Socket, { login }: Attack): void {
  if (login) login(socket);
  else socket.write(loggedIn);
}

/** Main statements of operations: of a test, a discovery, a plan and a query. */
const attacked = /server_version|relkind in \('r', 'p', 'v'|pg_export_snapshot|^fetch/;

/** Responds to one message of the client. */
function serve(socket: Socket, kind: string, statement: string, attack: Attack): void {
  const isAttacked = attack.statement !== undefined && attacked.test(statement);
  if (kind === "Q" && attack.copy) attack.copy(socket);
  else if (!isAttacked) socket.write(Buffer.concat(respondTo(kind, statement, attack)));
  else if (kind === "S" || kind === "H") attack.statement?.(socket);
}

const copied = [copyOutResponse, copiedRow, copyTrailer, message("c"), complete("COPY 1"), readyForQuery];

function respondTo(kind: string, statement: string, attack: Attack): Buffer[] {
  if (kind === "Q") return copied;
  const other = attack.rows?.(statement);
  const found = other ? other.rows[0] : responses.find(([form]) => form.test(statement))?.[1];
  if (kind === "D") {
    const parameters = statement.includes("$1") ? [25] : [];
    const described = [int16(parameters.length), ...parameters.map(int32)];
    return [
      message("1"),
      message("t", Buffer.concat(described)),
      found ? columns(Object.keys(found), other?.type ?? typeOf(found)) : message("n"),
    ];
  }
  if (kind === "B") return [message("2")];
  if (kind === "E" && other) {
    return [Buffer.concat(other.rows.map((cells) => row(Object.values(cells)))), complete("SELECT 1")];
  }
  if (kind === "E") return [...(found ? [row(Object.values(found))] : []), complete("SELECT 1")];
  return kind === "S" ? [readyForQuery] : [];
}

/** Parses the JSON of a value. */
const typeOf = (found: Readonly<Record<string, string | null>>): number =>
  "QUERY PLAN" in found || "columns" in found ? 114 : 25;

const column = { name: "id", dataType: "integer", nullable: true };
const responses: readonly (readonly [RegExp, Readonly<Record<string, string | null>>])[] = [
  [/pg_control_system/, { identity: "1/1" }],
  [/server_version/, { version: "18.4" }],
  [
    /relkind in \('r', 'p', 'v'/,
    { schemaName: '"public"', name: '"t"', rowCount: "1", columns: JSON.stringify([column]) },
  ],
  [/pg_export_snapshot/, { name: "00000003-1", time: "1" }],
  [/^explain/, { "QUERY PLAN": '[{"Plan":{"Plan Rows":1}}]' }],
  [/with recursive parts/, { pages: null, isRewritten: "" }],
  [/with recursive reached/, { isActive: "", isUnknown: "" }],
  [/with recursive chain/, { name: "id", oid: "23", modifier: "-1", isArray: "" }],
  [/from pg_type where oid in/, { oid: "25", name: "text", element: "0", isArray: "" }],
  [/^fetch/, { text: "1" }],
  [/^select/, { one: "1" }],
];
