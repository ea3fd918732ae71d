import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Call } from "./call.ts";
import { type Command, command } from "./command.ts";

type MoveSpec<Desc extends DescMessage> = {
  /** The word for what is moved. */
  readonly what: string;
  readonly schema: Desc;
  /** The id of what a name or an id means. */
  resolve(call: Call, nameOrId: string): Promise<string>;
  move(call: Call, id: string, namespace: string): Promise<MessageShape<Desc>>;
  readonly example: string;
};

/** A command that moves something to another namespace. */
export const moveCommand = <Desc extends DescMessage>(spec: MoveSpec<Desc>): Command =>
  command({
    name: "mv",
    summary: `Move a ${spec.what} to another namespace`,
    args: [`<${spec.what}>`, "<namespace>"],
    examples: [spec.example],
    async run(call, [nameOrId = "", namespace = ""]) {
      const response = await spec.move(call, await spec.resolve(call, nameOrId), namespace);
      await call.show(spec.schema, response, () => call.terminal.note(`Moved to ${namespace}.`));
    },
  });
