import type { JsonObject } from "@bufbuild/protobuf";
import canonicalize from "canonicalize";
import { invalidField } from "../../../lib/rpc/errors.ts";
import { splitArray, textOf } from "../../../lib/rpc/strict-json.ts";

/** Events of a batch. */
const eventsMax = 1000;

/** The JSON of an event that is in a request as a message or as JSON. */
export function textOfEvent(event: JsonObject | undefined, json: Uint8Array): string {
  if (event && json.byteLength > 0) throw invalidField("event_json", "is set beside event");
  if (json.byteLength > 0) return textOf(json);
  if (!event) throw invalidField("event", "is required");
  return encode(event, "event");
}

/** The JSON of each event of a batch. */
export function textsOfEvents(events: readonly JsonObject[], json: Uint8Array): string[] {
  if (events.length > 0 && json.byteLength > 0) throw invalidField("events_json", "is set beside events");
  const texts =
    json.byteLength > 0
      ? splitArray(textOf(json), eventsMax)
      : events.map((event, index) => encode(event, `events[${index}]`));
  if (!texts) throw invalidField("events", "must be a JSON array");
  if (texts.length === 0 || texts.length > eventsMax) {
    throw invalidField("events", `must have 1 to ${eventsMax} elements`);
  }
  return texts;
}

function encode(event: JsonObject, field: string): string {
  try {
    return canonicalize(event) ?? "";
  } catch {
    throw invalidField(field, "has a number that JSON does not have");
  }
}
