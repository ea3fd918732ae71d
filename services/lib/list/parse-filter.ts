import { listFieldInvalid, quoted } from "./list-error.ts";
import { scanFilter, type Token } from "./scan-filter.ts";

const operators = ["=", "!=", "<", "<=", ">", ">=", ":"] as const;
export type Operator = (typeof operators)[number];

export type Comparison = {
  readonly kind: "comparison";
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
  /** Whether the value stood in quotes, where its type is not that of the field. */
  readonly isQuoted: boolean;
  readonly fieldPosition: number;
  readonly operatorPosition: number;
  readonly valuePosition: number;
};
export type Filter = Comparison | { readonly kind: "and" | "or"; readonly operands: readonly Filter[] };

/** Deepest nesting of parentheses. */
const depthMax = 20;

/** Parses the AIP-160 subset of lists. Undefined for an empty filter. Throws INVALID_ARGUMENT with the position. */
export function parseFilter(text: string): Filter | undefined {
  const tokens = scanFilter(text);
  if (tokens.length === 1) return undefined;
  const parser: Parser = { tokens, at: 0 };
  const filter = parseExpression(parser, 0);
  const rest = take(parser);
  if (rest.kind !== "end") throw unexpected(rest, "AND, OR or the end");
  return filter;
}

type Parser = { readonly tokens: readonly Token[]; at: number };

/**
 * Operands joined by AND, or by OR. Both at one level are refused: AIP-160 binds OR more tightly than AND, which SQL and
 * most languages do the other way round.
 */
function parseExpression(parser: Parser, depth: number): Filter {
  const operands = [parseOperand(parser, depth)];
  let joint: "AND" | "OR" | undefined;
  for (let next = jointOf(parser); next !== undefined; next = jointOf(parser)) {
    if (joint !== undefined && next !== joint) {
      throw problemAt(peek(parser), "AND and OR side by side, which need parentheses,");
    }
    joint = next;
    take(parser);
    operands.push(parseOperand(parser, depth));
  }
  const [only] = operands;
  if (only && operands.length === 1) return only;
  return { kind: joint === "OR" ? "or" : "and", operands };
}

function parseOperand(parser: Parser, depth: number): Filter {
  const token = take(parser);
  if (token.kind === "(") {
    if (depth === depthMax) throw problemAt(token, `more than ${depthMax} parentheses inside one another`);
    const inner = parseExpression(parser, depth + 1);
    const closing = take(parser);
    if (closing.kind !== ")") throw unexpected(closing, "AND, OR or )");
    return inner;
  }
  if (token.kind !== "word") throw unexpected(token, "a field");
  return parseComparison(parser, token);
}

function parseComparison(parser: Parser, field: Token): Comparison {
  const sign = take(parser);
  const operator = operators.find((each) => each === sign.text);
  if (sign.kind !== "operator" || operator === undefined) {
    throw unexpected(sign, `one of ${operators.join(" ")}`);
  }
  const value = take(parser);
  if (value.kind !== "word" && value.kind !== "quoted") throw unexpected(value, "a value");
  return {
    kind: "comparison",
    field: field.text,
    operator,
    value: value.text,
    isQuoted: value.kind === "quoted",
    fieldPosition: field.position,
    operatorPosition: sign.position,
    valuePosition: value.position,
  };
}

function jointOf(parser: Parser): "AND" | "OR" | undefined {
  const { kind, text } = peek(parser);
  return kind === "word" && (text === "AND" || text === "OR") ? text : undefined;
}

/** The last token is `end` and is never passed. */
function peek({ tokens, at }: Parser): Token {
  const token = tokens[Math.min(at, tokens.length - 1)];
  if (!token) throw new Error("a filter has at least one token");
  return token;
}

function take(parser: Parser): Token {
  const token = peek(parser);
  parser.at++;
  return token;
}

const problemAt = ({ position }: Token, problem: string) => listFieldInvalid("filter", position, problem);

const unexpected = (token: Token, wanted: string) =>
  problemAt(token, `${token.kind === "end" ? "the end" : quoted(token.text)} instead of ${wanted}`);
