import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { type Attacked, drip, flood, send, startHostileScene } from "./hostile-scene.ts";
import { loggedIn } from "./hostile-server.ts";
import {
  authentication,
  columns,
  errorResponse,
  message,
  notice,
  parameterStatus,
  readyForQuery,
  row,
} from "./server-messages.ts";

const scene = forFile(startHostileScene);

const scram = (challenge: string) => (socket: Socket) => {
  socket.write(authentication(10, "SCRAM-SHA-256\0\0"));
  socket.once("data", () => socket.once("data", () => {}));
  // The client's first message contains the start of the nonce. Clients check it only after computing the hash.
  socket.write(authentication(11, challenge));
};
const hello = "HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1/\r\n\r\n";

const atLogin: Attacked[] = [
  ["silent", { login: () => {} }, /does not answer within 5 s$/],
  ["a byte at a time", { login: (socket) => drip(socket, loggedIn) }, /does not answer within 5 s$/],
  ["closes", { login: (socket) => void socket.end() }, /closed the connection$/],
  [
    "closes in a message",
    { login: (socket) => void socket.end(loggedIn.subarray(0, 7)) },
    /closed the connection$/,
  ],
  [
    "endless parameters",
    { login: (socket) => flood(socket, parameterStatus("a", "b".repeat(100))) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "endless notices",
    { login: (socket) => flood(socket, notice("x".repeat(1000))) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "30,000,000 iterations",
    { login: scram("r=abc,s=c2FsdA==,i=30000000") },
    /asks to hash the password 30000000 times: 1000000 are taken at the most$/,
  ],
  [
    "iterations that are no number",
    { login: scram("r=abc,s=c2FsdA==,i=x") },
    /asks for a login that is not supported$/,
  ],
  ["a challenge without anything", { login: scram("") }, /asks for a login that is not supported$/],
  [
    "a challenge that was not begun",
    { login: send(authentication(11, "r=abc,s=c2FsdA==,i=4096")) },
    /asks for a login that is not supported$/,
  ],
  [
    "challenge after challenge",
    { login: scram("r=abc,s=c2FsdA==,i=1\0") },
    /asks for a login that is not supported$/,
  ],
  [
    "lets in without proof that it knows the password",
    {
      login: (socket) => {
        scram("r=abc,s=c2FsdA==,i=4096")(socket);
        socket.write(authentication(0));
      },
    },
    /asks for a login that is not supported$/,
  ],
  ["Kerberos", { login: send(authentication(7)) }, /asks for a login that is not supported$/],
  [
    "ready before it let us in",
    { login: send(readyForQuery) },
    /it sends that it is ready before it let us in$/,
  ],
  ["a length of 0", { login: send(message("R", "", 0)) }, /it sends a message of 0 bytes$/],
  ["a length of 3", { login: send(message("R", "", 3)) }, /it sends a message of 3 bytes$/],
  [
    "a length of 2^31-1",
    { login: send(message("R", "", 2 ** 31 - 1)) },
    /more than 64 KiB before the login is done$/,
  ],
  ["a negative length", { login: send(message("R", "", -1)) }, /more than 64 KiB before the login is done$/],
  ["an answer of HTTP", { login: (socket) => void socket.end(hello) }, /it sends a message of kind "H"$/],
  [
    "a redirection in words",
    { login: send(errorResponse("08006", "use 10.0.0.1:5432 instead")) },
    /answers: use 10\.0\.0\.1:5432 instead$/,
  ],
  [
    "an error of 64 MiB",
    { login: (socket) => flood(socket, message("E", "x".repeat(1000), 64 * 1024 ** 2)) },
    /more than 64 KiB before the login is done$/,
  ],
  [
    "rows before anything is asked",
    { login: send(loggedIn, columns(["a"]), row(["1"]), message("D", "\0\x05")) },
    /a row that does not fit its columns$/,
  ],
  [
    "a key that is too short",
    { login: send(authentication(0), message("K", "\0"), readyForQuery) },
    /a key that is too short$/,
  ],
];

describe("a source that attacks who logs in", () => {
  test.for(atLogin)("refused in clear words: %s", { timeout: 60_000 }, ([, attack, text]) =>
    scene().meetsAttack(attack, text),
  );
});

test("the process that serves calls was never kept busy by a source", () => {
  expect(scene().busySeconds()).toBeLessThan(3);
});
