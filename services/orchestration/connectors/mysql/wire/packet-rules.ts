import { executionTooLarge } from "../../../errors.ts";
import { type Greeting, parseGreeting } from "./greeting.ts";
import { checkLogin } from "./login-rules.ts";
import { headBytes, type Packet } from "./packets.ts";
import { protocolViolation } from "./protocol-violation.ts";
import { toServerError } from "./server-error.ts";

/** Maximum of bytes from a server before the login is complete. */
const loginBytesMax = 64 * 1024;
/** Maximum of a packet that is no row, in bytes. */
const packetBytesMax = 1024 * 1024;
/** Maximum of a packet that is a row, in bytes. */
const rowBytesMax = 32 * 1024 * 1024;
/** Maximum of the packets that respond to one command of the client, in bytes. */
const responseBytesMax = 16 * 1024 * 1024;
/** First bytes of a request for a local file of the client, and of an error. */
const localFile = 0xfb;
const error = 0xff;

/** Rules for the packets of one connection. Violations throw the error for the caller. */
type PacketRules = {
  /** The server's first packet, once it has arrived. */
  readonly greeting: Greeting | undefined;
  /** Whether the next packet of the client answers the greeting. */
  readonly isGreeted: boolean;
  /** Checks the announced length of a packet's body. */
  checkLength(length: number, isRow: boolean): void;
  /** Checks a packet, and returns it with the sequence number that the client expects. */
  receive(packet: Packet, isEncrypted: boolean): Packet;
  /** The client's login follows, after the packets of the encryption, which the client knows nothing of. */
  logIn(encryptionPackets: number): void;
  /** Returns the sequence number for a packet of the client. */
  send(sequence: number): number;
  /** The connection becomes idle: any packet is a violation until the next one is sent. */
  rest(): void;
};

/** `server` is its name in messages, as `db.example.org:3306`. */
export function createPacketRules(server: string): PacketRules {
  let phase: "greeting" | "greeted" | "login" | "commands" = "greeting";
  let greeting: Greeting | undefined;
  let shift = 0;
  let expected = 0;
  let bytes = 0;
  let isFirst = false;
  let isResting = false;
  const violation = (what: string) => protocolViolation(server, what);

  function greet(body: Buffer): void {
    if (body[0] === error) throw toServerError(body);
    greeting = parseGreeting(body);
    if (!greeting) throw violation("a greeting that is not supported");
    phase = "greeted";
  }

  function checkOrder(sequence: number): void {
    if (phase === "greeted") throw violation("a packet that nobody asked for");
    if (sequence !== expected) throw violation("a packet out of its order");
    expected = (expected + 1) & 0xff;
  }

  function checkResponse(body: Buffer, isEncrypted: boolean): void {
    if (body.length === 0) throw violation("an empty packet");
    if (phase === "login" && checkLogin(server, body, isEncrypted)) phase = "commands";
    else if (isFirst && body[0] === localFile) throw violation("a request for a file of this machine");
    isFirst = false;
  }

  return {
    get greeting() {
      return greeting;
    },
    get isGreeted() {
      return phase === "greeted";
    },
    checkLength(length, isRow) {
      if (isResting) throw violation("a packet that nobody asked for");
      if (isRow && length > rowBytesMax) throw rowTooLarge(length);
      if (isRow) return;
      if (phase !== "commands" && bytes + length > loginBytesMax) {
        throw violation(`more than ${loginBytesMax / 1024} KiB before the login is done`);
      }
      if (length > packetBytesMax) throw violation(`a packet with ${length} bytes`);
      if (bytes + length > responseBytesMax) {
        throw violation(`more than ${responseBytesMax / 1024 ** 2} MiB in response to a command`);
      }
    },
    receive({ sequence, body }, isEncrypted) {
      bytes += headBytes + body.length;
      if (phase === "greeting") greet(body);
      else {
        checkOrder(sequence);
        checkResponse(body, isEncrypted);
      }
      return { sequence: (sequence - shift) & 0xff, body };
    },
    logIn(encryptionPackets) {
      phase = "login";
      shift = encryptionPackets;
    },
    send(sequence) {
      isResting = false;
      isFirst = true;
      if (phase === "commands") {
        bytes = 0;
        shift = 0;
      }
      const number = (sequence + shift) & 0xff;
      expected = (number + 1) & 0xff;
      return number;
    },
    rest() {
      isResting = true;
    },
  };
}

const rowTooLarge = (length: number) =>
  executionTooLarge(
    `a row takes ${length} bytes or more, of which ${rowBytesMax / 1024 ** 2} MiB are taken: select fewer columns`,
  );
