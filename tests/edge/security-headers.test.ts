import { expect, test } from "vitest";
import { pageHeaders } from "../../edge/security-headers.ts";

test("OK: a page gets what is its own and nothing else, and no frame", () => {
  expect(pageHeaders()).toEqual({
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
});

test("OK: a page may need inline styles, images in its files, and scripts that are named by their hash", () => {
  const headers = pageHeaders({ inlineStyles: true, dataImages: true, scriptHashes: ["sha256-abc="] });
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none'; script-src 'self' 'sha256-abc='; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
      "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});
