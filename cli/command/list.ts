import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { neutralise } from "../terminal/neutralise.ts";
import { formatTable, type TableColumn } from "../terminal/table.ts";
import type { Call } from "./call.ts";
import {
  type ArgumentValues,
  type Command,
  command,
  type OptionSpecs,
  type OptionValues,
} from "./command.ts";
import { flag, text, whole } from "./options.ts";

/** A column of a list for people. */
export type Column<Item> = TableColumn & { value(item: Item): string };

type Page<Item> = {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
  readonly totalSize?: number | undefined;
};

type ListSpec<Names extends readonly string[], Specs extends OptionSpecs, Method extends DescMethod, Item> = {
  readonly name?: string;
  readonly summary: string;
  readonly args?: Names;
  readonly options?: Specs;
  readonly examples: readonly string[];
  readonly service: DescService;
  readonly method: Method;
  /** The fields of the request beside those of every list. */
  request(
    call: Call,
    args: ArgumentValues<Names>,
    options: OptionValues<Specs>,
  ): Promise<MessageInitShape<Method["input"]>> | MessageInitShape<Method["input"]>;
  items(response: MessageShape<Method["output"]>): readonly Item[];
  readonly columns: readonly Column<Item>[];
  /** What `--quiet` prints of each item. */
  id(item: Item): string;
};

const pageSizeMax = 1000;
const limitDefault = 100;

/** Options of every list, as far as the request has their fields. */
const listOptions = {
  limit: whole("n", `show up to n (default ${limitDefault})`, { min: 1 }),
  all: flag("show all"),
  pageToken: text("token", "continue after an earlier page"),
  quiet: flag("print ids only", { short: "q" }),
};

const fieldOptions: Readonly<Record<string, OptionSpecs[string]>> = {
  filter: text(
    "expression",
    "only what the expression is true of, such as 'name:weather AND size_bytes > 1000'",
  ),
  namespace: text("name", "only those of this namespace"),
  orderBy: text("fields", "fields to order by, such as 'create_time desc'"),
  showTotal: flag("count all that the list has"),
};

/**
 * A command that lists what an RPC returns in pages. For people it is a table; with `--json` it prints the responses, one on each line.
 */
export function listCommand<
  Method extends DescMethod,
  Item,
  const Names extends readonly string[] = [],
  const Specs extends OptionSpecs = Record<never, never>,
>(spec: ListSpec<Names, Specs, Method, Item>): Command {
  const has = (field: string) => field in spec.method.input.field;
  const ofFields = Object.fromEntries(Object.entries(fieldOptions).filter(([name]) => has(name)));
  const options = { ...spec.options, ...ofFields, ...listOptions } as OptionSpecs;
  return command({
    name: spec.name ?? "list",
    summary: spec.summary,
    args: (spec.args ?? []) as Names,
    options,
    examples: spec.examples,
    async run(call, args, given) {
      const values = given as OptionValues<typeof listOptions> & Readonly<Record<string, unknown>>;
      const request = await spec.request(call, args, given as unknown as OptionValues<Specs>);
      const chosen = Object.fromEntries(
        Object.keys(ofFields)
          .map((name) => [name, values[name]])
          .filter(([, value]) => value !== undefined && value !== false),
      );
      const read = pageReader(call, spec, { ...request, ...chosen });
      await showPages(call, spec, read, values);
    },
  });
}

type ReadPage<Method extends DescMethod> = (
  size: number,
  token: string,
) => Promise<MessageShape<Method["output"]>>;

/** A unary RPC as a method of a client. */
type Send<Method extends DescMethod> = (
  request: MessageInitShape<Method["input"]>,
  options: { signal: AbortSignal },
) => Promise<MessageShape<Method["output"]>>;

/** Reads one page of an RPC. */
function pageReader<Method extends DescMethod>(
  call: Call,
  { service, method }: { service: DescService; method: Method },
  request: object,
): ReadPage<Method> {
  return async (pageSize, pageToken) => {
    const client = (await call.client(service)) as unknown as Readonly<Record<string, Send<Method>>>;
    const init = { ...request, pageSize, pageToken } as unknown as MessageInitShape<Method["input"]>;
    const send = client[method.localName];
    if (!send) throw new TypeError(`${service.typeName} has no ${method.name}`);
    return send(init, { signal: call.signal });
  };
}

async function showPages<Method extends DescMethod, Item>(
  call: Call,
  spec: Pick<ListSpec<never, never, Method, Item>, "items" | "columns" | "id" | "method">,
  read: ReadPage<Method>,
  options: OptionValues<typeof listOptions>,
): Promise<void> {
  let left = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? limitDefault);
  let token = options.pageToken ?? "";
  const found: Item[] = [];
  let total: string | undefined;
  do {
    const response = await read(Math.min(left, pageSizeMax), token);
    const page = pageOf(spec.items(response), response);
    if (call.json) await call.show(spec.method.output, response, () => {});
    found.push(...page.items);
    left -= page.items.length;
    token = page.nextPageToken;
    total ??= totalOf(response);
  } while (token !== "" && left > 0);
  if (call.json) return;
  if (options.quiet) for (const item of found) call.terminal.print(neutralise(spec.id(item)));
  else printItems(call, spec.columns, found);
  if (total !== undefined) call.terminal.note(`${total} in all`);
  if (token) call.terminal.note(`There are more: --all shows all, --page-token ${token} continues here.`);
}

const pageOf = <Item>(items: readonly Item[], response: object): Page<Item> => ({
  items,
  nextPageToken: "nextPageToken" in response ? String(response.nextPageToken) : "",
});

/** The size of the whole list, if the response has it. */
function totalOf(response: object): string | undefined {
  const { totalSize, totalSizeExceeded } = response as { totalSize?: number; totalSizeExceeded?: boolean };
  return totalSize === undefined || totalSize === 0
    ? undefined
    : `${totalSize}${totalSizeExceeded ? "+" : ""}`;
}

/** Prints items as a table. */
export function printItems<Item>(
  { terminal }: Pick<Call, "terminal">,
  columns: readonly Column<Item>[],
  items: readonly Item[],
): void {
  if (items.length === 0) {
    terminal.note("There are none.");
    return;
  }
  const rows = items.map((item) => columns.map(({ value }) => value(item)));
  for (const line of formatTable(columns, rows, terminal)) terminal.print(line);
}

/** All items of a list, for a command that looks for one of them. Reads up to 10,000. */
export async function readAll<Method extends DescMethod, Item>(
  call: Call,
  service: DescService,
  method: Method,
  request: MessageInitShape<Method["input"]>,
  items: (response: MessageShape<Method["output"]>) => readonly Item[],
): Promise<Item[]> {
  const read = pageReader(call, { service, method }, request);
  const found: Item[] = [];
  let token = "";
  do {
    const response = await read(pageSizeMax, token);
    found.push(...items(response));
    token = pageOf([], response).nextPageToken;
  } while (token !== "" && found.length < 10 * pageSizeMax);
  return found;
}
