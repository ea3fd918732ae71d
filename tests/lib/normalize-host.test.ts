import { expect, test } from "vitest";
import { normalizeHost } from "../../services/lib/values/normalize-host.ts";

test.each([
  ["db.example.org", "db.example.org"],
  ["DB.Example.ORG", "db.example.org"],
  ["db.example.org.", "db.example.org"],
  ["db.example.org\u3002", "db.example.org"],
  ["a_b-c.internal", "a_b-c.internal"],
  ["Bücher.example", "xn--bcher-kva.example"],
  ["ﬁle.example", "file.example"],
  ["localhost", "localhost"],
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["[::1]", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["2001:DB8:0:0::A", "2001:db8::a"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::FFFF:7f00:1", "127.0.0.1"],
])("OK: %s is %s, which is its own spelling", (text, host) => {
  expect(normalizeHost(text)).toBe(host);
  expect(normalizeHost(host)).toBe(host);
});

test.each([
  ["nothing", ""],
  ["a dot", "."],
  ["an empty label", "a..b"],
  ["two trailing dots", "a.b.."],
  ["a hyphen in front", "-a.example"],
  ["a long label", `${"a".repeat(64)}.example`],
  ["a long name", `${"a.".repeat(126)}example`],
  ["a short address", "127.1"],
  ["a number", "2130706433"],
  ["an octal address", "0177.0.0.1"],
  ["a hexadecimal address", "0x7f.0.0.1"],
  ["an address in other digits", "①②⑦.⓪.⓪.①"],
  ["a name that ends as a number", "db.example.1"],
  ["an interface", "fe80::1%eth0"],
  ["a percent-encoded name", "db%2eexample"],
  ["a NUL", "db.example\0.evil"],
  ["a path", "db.example/evil"],
  ["a backslash", "db.example\\evil"],
  ["a user", "db.example@evil"],
  ["a port", "db.example:5432"],
  ["a query", "db.example?evil"],
  ["a list", "db.example,evil"],
  ["a pattern", "*.example"],
  ["a space", "db example"],
  ["a name in brackets", "[db.example]"],
])("undefined: %s", (_title, text) => {
  expect(normalizeHost(text)).toBeUndefined();
});
