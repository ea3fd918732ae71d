import sax, { type Tag } from "sax";
import { EngineFailure } from "../../engine-failure.ts";

/** Takes the elements of a part in their order. Names have no prefix: each part uses one vocabulary. */
export type XmlHandler = {
  open(name: string, attribute: (name: string) => string | undefined): void;
  /** Text of the element that is open; one text may come in several calls. */
  text?(text: string): void;
  close?(name: string): void;
};

const depthMax = 64;

/** Parses one part, and yields after each block, so that the caller can write what it has taken. Fails with EngineFailure. */
export async function* parseXml(
  part: string,
  blocks: AsyncGenerator<Buffer>,
  handler: XmlHandler,
): AsyncGenerator<void> {
  const parser = new sax.SAXParser(true);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let depth = 0;
  parser.onerror = (error) => {
    throw invalid(part, error.message.split("\n")[0] ?? "");
  };
  // Entities of a document type could expand without end.
  parser.ondoctype = () => {
    throw invalid(part, "it declares a document type");
  };
  parser.onopentag = (tag) => {
    depth += 1;
    if (depth > depthMax) throw invalid(part, `its elements are nested more than ${depthMax} times`);
    const { name, attributes } = tag as Tag;
    handler.open(localName(name), (wanted) => attributes[wanted] ?? prefixed(attributes, wanted));
  };
  parser.onclosetag = (name) => {
    depth -= 1;
    handler.close?.(localName(name));
  };
  if (handler.text) parser.ontext = parser.oncdata = (text) => handler.text?.(text);
  for await (const block of blocks) {
    parser.write(decode(part, decoder, block));
    yield;
  }
  parser.write(decode(part, decoder)).close();
  yield;
}

/** Parses a small part as a whole. */
export async function parseWhole(
  part: string,
  blocks: AsyncGenerator<Buffer>,
  handler: XmlHandler,
): Promise<void> {
  for await (const _ of parseXml(part, blocks, handler));
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

/** An attribute such as `r:id`, whatever its prefix. */
const prefixed = (attributes: Record<string, string>, wanted: string): string | undefined =>
  Object.entries(attributes).find(([name]) => name.endsWith(`:${wanted}`))?.[1];

function decode(part: string, decoder: TextDecoder, block?: Buffer): string {
  try {
    return decoder.decode(block, { stream: block !== undefined });
  } catch {
    throw invalid(part, "it is not in UTF-8");
  }
}

const invalid = (part: string, problem: string) =>
  new EngineFailure(
    "sourceDataInvalid",
    `the workbook's part ${JSON.stringify(part)} can't be read: ${problem}`,
  );
