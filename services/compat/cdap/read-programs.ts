import { z } from "zod";
import type { HttpBody } from "../../../gen/google/api/httpbody_pb.ts";
import { batchInvalid, programInvalid } from "./errors.ts";
import { readBody } from "./read-body.ts";

/** Most programs of a batch. The contract states it. */
const programsMax = 1000;

const program = z.object({ appId: z.string(), programType: z.string(), programId: z.string() });

/** The programs of a batch. Other members of them are ignored. */
export function readPrograms(body: HttpBody | undefined): z.infer<typeof program>[] {
  const items = z.array(z.unknown()).max(programsMax).safeParse(readBody(body, batchInvalid));
  if (!items.success) throw batchInvalid();
  const programs = z.array(program).safeParse(items.data);
  if (!programs.success) throw programInvalid();
  return programs.data;
}
