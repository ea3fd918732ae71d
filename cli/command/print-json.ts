import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Terminal } from "../terminal/terminal.ts";

/** Prints a message as proto3 JSON on one line. */
export async function printJson<Desc extends DescMessage>(
  terminal: Terminal,
  schema: Desc,
  message: MessageShape<Desc>,
): Promise<void> {
  const { toJsonString } = await import("@bufbuild/protobuf");
  const { neutraliseJson } = await import("../terminal/neutralise.ts");
  const json = toJsonString(schema, message, { alwaysEmitImplicit: true });
  terminal.printExact(terminal.showsPeople ? neutraliseJson(json) : json);
}
