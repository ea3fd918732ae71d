import { usageError } from "../failures/command-error.ts";

const units = ["", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes, as `100000` or `500GiB`. */
export function parseSize(text: string): bigint {
  const [, digits, unit = ""] = /^(\d{1,18})\s*([A-Za-z]*)$/.exec(text) ?? [];
  const power = units.findIndex((name) => name.toLowerCase() === unit.toLowerCase());
  if (digits === undefined || power < 0)
    throw usageError(`${text} is not a size`, "write one such as 100000 or 500GiB");
  return BigInt(digits) * 1024n ** BigInt(power);
}
