import { once } from "node:events";

/** Writes bytes to standard output, and waits while it is full. */
export async function writeOut(data: Uint8Array | string): Promise<void> {
  if (data.length > 0 && !process.stdout.write(data)) await once(process.stdout, "drain");
}
