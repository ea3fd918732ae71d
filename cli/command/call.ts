import type { DescMessage, DescService, MessageShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Session } from "../session/session.ts";
import type { Settings } from "../session/settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What a command gets beside its arguments. */
export type Call = {
  readonly terminal: Terminal;
  readonly settings: Settings;
  /** Whether results are printed as JSON. */
  readonly json: boolean;
  /** Whether questions can be asked: never with `--json`. */
  readonly canAsk: boolean;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** Does something else at Ctrl-C until it is disposed of. */
  onInterrupt(handler: () => void): Disposable;
  session(): Promise<Session>;
  /** Client of a service, logged in. */
  client<Service extends DescService>(service: Service): Promise<Client<Service>>;
  /** Prints a response: as JSON, or for people. */
  show<Desc extends DescMessage>(
    schema: Desc,
    message: MessageShape<Desc>,
    forPeople: () => void | Promise<void>,
  ): Promise<void>;
};
