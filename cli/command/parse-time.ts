import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { usageError } from "../failures/command-error.ts";

/** A time of RFC 3339, or a day, which begins at midnight UTC. */
export function parseTime(text: string): Timestamp {
  const milliseconds = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(milliseconds)) {
    throw usageError(`${text} is not a time`, "write one such as 2026-01-31 or 2026-01-31T09:30:00Z");
  }
  return timestampFromMs(milliseconds);
}
