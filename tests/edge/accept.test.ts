import { expect, test } from "vitest";
import { preferredType } from "../../edge/rest/accept.ts";

const offered = ["application/json", "application/x-ndjson", "text/event-stream"] as const;

test.each([
  ["text/event-stream", "text/event-stream"],
  ["*/*", "application/json"],
  ["application/*", "application/json"],
  ["text/*", "text/event-stream"],
  ["text/event-stream, application/json", "text/event-stream"],
  ["application/x-ndjson, text/event-stream", "application/x-ndjson"],
  ["application/json;q=0.5, text/event-stream;q=0.8", "text/event-stream"],
  ["text/event-stream;q=0.1, application/x-ndjson;q=0.9, */*;q=0.5", "application/x-ndjson"],
  ["*/*, text/event-stream", "text/event-stream"],
  ["*/*, application/json;q=0", "application/x-ndjson"],
  ["Application/X-NDJSON ; charset=utf-8 ; Q=0.3", "application/x-ndjson"],
  ["text/event-stream;q=0.5, */*", "application/json"],
  ["text/event-stream;q=2, application/json;q=0.1", "application/json"],
])("OK: %s prefers %s", (accept, expected) => {
  expect(preferredType(accept, offered)).toBe(expected);
});

test.each(["", "image/png", "*/*;q=0", "application/json;q=0"])("nothing: %j accepts none", (accept) => {
  expect(preferredType(accept, offered)).toBeUndefined();
});
