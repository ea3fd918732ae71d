import fc from "fast-check";
import { expect, test } from "vitest";
import { displayNameOf, personNameOf } from "../../../services/compat/gateway/person-name.ts";

/** A part of a name as a caller may send it: spaces within, none around, and no-break spaces nowhere. */
const part = fc
  .string({ unit: "grapheme" })
  .map((text) => text.replaceAll("\u00a0", " ").trim())
  .map((text) => text || undefined);

test("OK: what is written is read back, whatever spaces are in it", () => {
  fc.assert(
    fc.property(part, part, (firstName, lastName) => {
      expect(personNameOf(displayNameOf({ firstName, lastName }))).toEqual({ firstName, lastName });
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["Ann", "Ann", undefined],
  ["Ann Li", "Ann", "Li"],
  ["Ann Maria Li", "Ann Maria", "Li"],
  ["", undefined, undefined],
])(
  "OK: the display name %j, which was given elsewhere, is divided at its last space",
  (name, first, last) => {
    expect(personNameOf(name)).toEqual({ firstName: first, lastName: last });
  },
);

test("OK: a display name looks like the names", () => {
  const displayName = displayNameOf({ firstName: " Anna Maria ", lastName: "van der Berg" });
  expect(displayName).toBe("Anna Maria van\u00a0der\u00a0Berg");
});
