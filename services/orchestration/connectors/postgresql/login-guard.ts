import type { ConnectError } from "@connectrpc/connect";
import { insecureConnection, sourceUnreachable } from "../../errors.ts";
import type { ConnectionSecurity } from "../network/connection-security.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** How often a password may have to be hashed: PostgreSQL's default is 4096; a million take some 0.2 s. */
const iterationsMax = 1_000_000;

/** Kinds of Authentication messages, by their numbers in the protocol. */
const authenticated = 0;
const saslContinue = 11;

/** What a server may ask for after what: cleartext, MD5, or SCRAM to its end, which proves that it knows the password, too. */
const successors: Readonly<Record<number | "none", readonly number[]>> = {
  none: [authenticated, 3, 5, 10],
  3: [authenticated],
  5: [authenticated],
  10: [saslContinue],
  11: [12],
  12: [authenticated],
};

export type LoginGuard = {
  /** Kinds of messages that come before the login is done. */
  readonly kinds: ReadonlySet<string>;
  check(kind: string, body: Buffer): void;
  /** The server says that it is ready. */
  checkDone(): void;
};

/** Where only SCRAM is allowed, each guess of a password from its proof has to cost at least what PostgreSQL's default does. */
const unvouchedIterationsMin = 4096;

export function createLoginGuard(
  server: string,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): LoginGuard {
  let last: number | "none" = "none";

  function checkAuthentication(body: Buffer): void {
    if (body.length < 4) throw protocolViolation(server, "an empty request to log in");
    const asked = body.readUInt32BE(0);
    if (!successors[last]?.includes(asked)) throw unsupported(server);
    if (passwordMethods === "scram" && asked in readableMethods) {
      throw insecureConnection(insecureMethod(server, readableMethods[asked]));
    }
    if (asked === 5 && body.length !== 8) throw unsupported(server);
    if (asked === saslContinue) checkChallenge(body.toString("latin1", 4));
    last = asked;
  }

  function checkChallenge(text: string): void {
    const iterations = Number(/^r=[\x21-\x2b\x2d-\x7e]+,s=[A-Za-z0-9+/=]+,i=(\d{1,10})$/.exec(text)?.[1]);
    if (!(iterations >= 1)) throw unsupported(server);
    if (passwordMethods === "scram" && iterations < unvouchedIterationsMin) {
      throw insecureConnection(insecureMethod(server, `to hash the password only ${iterations} times`));
    }
    if (iterations > iterationsMax) {
      throw sourceUnreachable(
        `${server} asks to hash the password ${iterations} times: ${iterationsMax} are taken at the most`,
      );
    }
  }

  return {
    kinds: new Set("RSNEKZ"),
    check(kind, body) {
      if (kind === "R") checkAuthentication(body);
      if (kind === "K" && body.length < 8) throw protocolViolation(server, "a key that is too short");
    },
    checkDone() {
      if (last !== authenticated) throw protocolViolation(server, "that it is ready before it let us in");
    },
  };
}

/** Requests that tell the server the password, or what stands for it. */
const readableMethods: Readonly<Record<number, string>> = {
  3: "for the password in the clear",
  5: "for the password's MD5 hash",
};

const insecureMethod = (server: string, what: string | undefined): string =>
  `${server} asks ${what}, and only settings.allowInsecureLogin, which an administrator sets, allows that here`;

const unsupported = (server: string): ConnectError =>
  sourceUnreachable(`${server} asks for a login that is not supported`);
