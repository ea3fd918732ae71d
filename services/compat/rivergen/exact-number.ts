/** A whole number of 64 bits as JSON has it. One that a double can't hold is a fault: no count is so large. */
export function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`${value} is no number of JSON`);
  return number;
}

/** Bytes in mebibytes, to two digits. */
export const mebibytes = (bytes: number): number => twoDigits(bytes / 1024 ** 2);

/** Bytes in gibibytes, to two digits. */
export const gibibytes = (bytes: number): number => twoDigits(bytes / 1024 ** 3);

export const twoDigits = (value: number): number => Math.round(value * 100) / 100;
