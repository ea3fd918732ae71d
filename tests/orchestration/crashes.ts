import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import type { Crash } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import type { User } from "./orchestration.ts";

/** A statement that overflows the stack of DuckDB's JSON reader. */
export const crashingSql = "SELECT json_structure(repeat('[', 200000) || repeat(']', 200000))";

/** JSON that no other test has, so that no crash of it is recorded. */
export const freshJson = () => JSON.stringify({ a: randomUUID() });

/** The failure of a call whose engine process crashed. */
export const crashed = (fileName: string) => ({
  code: Code.Unavailable,
  reason: "ENGINE_CRASHED",
  fields: [],
  message: `the engine's process ended by SIGSEGV, while it read the file "${fileName}": try again`,
});

export const crashesOf = async ({ crashes }: User): Promise<Crash[]> =>
  (await crashes.listCrashes({})).crashes;

export async function onlyCrashOf(user: User): Promise<Crash> {
  const [crash, ...others] = await crashesOf(user);
  if (!crash || others.length > 0) throw new Error("there is not one crash");
  return crash;
}
