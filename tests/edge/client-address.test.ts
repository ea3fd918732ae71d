import { expect, test } from "vitest";
import { clientAddressOf, networkOf, parseProxies } from "../../edge/http/client-address.ts";
import type { HttpRequest } from "../../edge/http/http.ts";

const proxies = parseProxies("10.0.0.0/8, fd00::/8, 127.0.0.1/32") ?? [];

const from = (remoteAddress: string, forwarded?: string): HttpRequest =>
  ({ socket: { remoteAddress }, headers: { "x-forwarded-for": forwarded } }) as unknown as HttpRequest;

test.each([
  ["the peer, when it is no proxy", "192.0.2.1", "198.51.100.1", "192.0.2.1"],
  ["the peer, when the proxy says nothing", "10.0.0.1", undefined, "10.0.0.1"],
  ["what the proxy says", "10.0.0.1", "198.51.100.1", "198.51.100.1"],
  [
    "what the last proxy says, not what stands left of it",
    "10.0.0.1",
    "203.0.113.9, 198.51.100.1",
    "198.51.100.1",
  ],
  ["what the first proxy of several says", "10.0.0.1", "203.0.113.9,198.51.100.1, 10.2.3.4", "198.51.100.1"],
  ["the farthest proxy, when all of them are", "10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"],
  ["the nearest hop that can be read", "10.0.0.1", "198.51.100.1, nonsense, 10.2.3.4", "10.2.3.4"],
  ["the proxy, when it says nothing readable", "10.0.0.1", "198.51.100.1,", "10.0.0.1"],
  ["an address with its port", "10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
  ["an IPv6 address with its port", "fd00::1", "[2001:db8::1]:4711", "2001:db8::1"],
  ["an IPv6 address in its shortest form", "10.0.0.1", "2001:0DB8:0:0::1", "2001:db8::1"],
  ["an IPv4 address that came over IPv6", "::ffff:192.0.2.1", undefined, "192.0.2.1"],
  ["what a proxy over IPv6 says", "::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
  ["no octal or short spelling of an address", "10.0.0.1", "0177.0.0.1", "10.0.0.1"],
  ["an address without its zone", "fe80::1%eth0", undefined, "fe80::1"],
])("OK: %s", (_, peer, forwarded, expected) => {
  expect(clientAddressOf(from(peer, forwarded), proxies)).toBe(expected);
});

test("OK: nobody is a proxy by default", () => {
  expect(clientAddressOf(from("127.0.0.1", "198.51.100.1"), [])).toBe("127.0.0.1");
});

test("OK: a list of proxies that is too long is read from its right end, for a while", () => {
  const list = ["198.51.100.1", ...Array<string>(2000).fill("10.1.1.1")].join(",");
  expect(clientAddressOf(from("10.0.0.1", list), proxies)).toBe("10.1.1.1");
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
  ["2001:db8:1:2:ffff::1", "2001:db8:1:2::"],
  ["2001:db8:1:3::1", "2001:db8:1:3::"],
  ["", ""],
])("OK: %s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("OK: networks are CIDRs", () => {
  expect(parseProxies("")).toEqual([]);
  expect(parseProxies("10.0.0.0/8,nonsense")).toBeUndefined();
  expect(parseProxies("10.0.0.1")).toBeUndefined();
  for (const other of ["010.0.0.0/8", "10.1/16", "0x0a.0.0.0/8", "::ffff:10.0.0.0/104"]) {
    expect(parseProxies(other)).toBeUndefined();
  }
});
