import type { Connection } from "mysql2";
import { expect, test } from "vitest";
import { loginPlugins } from "../../../services/orchestration/connectors/mysql/wire/login-plugins.ts";
import { createPacketReader } from "../../../services/orchestration/connectors/mysql/wire/packets.ts";
import { packet } from "./hostile-mysql.ts";

const password = "a password";
const inTheClear = Buffer.from(`${password}\0`);
const scramble = Buffer.from("s".repeat(20));

/** What a method answers to messages of the server. */
function answersOf(method: string, isEncrypted: boolean, messages: readonly Buffer[]): unknown[] {
  const connection = { config: { password } } as unknown as Connection;
  const answer = loginPlugins({ isEncrypted }, password)[method]?.({ connection, command: "" });
  return messages.map((message) => answer?.(message));
}

const wholeLogin = Buffer.from([4]);

test("OK: a server that does not know the password yet gets it over TLS, and is asked for its key without", () => {
  const messages = [scramble, wholeLogin];
  expect(answersOf("caching_sha2_password", true, messages)[1]).toEqual(inTheClear);
  expect(answersOf("caching_sha2_password", false, messages)[1]).toEqual(Buffer.from([2]));
  expect(answersOf("sha256_password", true, [scramble])).toEqual([inTheClear]);
  expect(answersOf("sha256_password", false, [scramble])).toEqual([Buffer.from([1])]);
});

test("OK: a reader of packets tells whether the beginning of one has come", () => {
  const bodies: string[] = [];
  const reader = createPacketReader(
    () => {},
    ({ body }) => bodies.push(body.toString()),
  );
  const whole = packet(0, "whole");
  reader.read(whole);
  expect([bodies, reader.isAmidPacket()]).toEqual([["whole"], false]);
  reader.read(whole.subarray(0, 6));
  expect(reader.isAmidPacket()).toBe(true);
});
