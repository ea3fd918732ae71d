import { type ForOfStatement, parseSync, Visitor } from "oxc-parser";

/** Functions that await the promise that they are given first. */
const awaiting = ["failureOf", "codeOf", "expect"];

/**
 * The lines on which a loop awaits promises that were started before it, one after the other. While the first is awaited, the
 * rejection of another is unhandled, which ends the test run. `Promise.all` handles each at once.
 */
export function findAwaitsInTurn(path: string, text: string): number[] {
  const lines: number[] = [];
  const loops: ForOfStatement[] = [];
  new Visitor({
    ForOfStatement: (loop) => void loops.push(loop),
    "ForOfStatement:exit": () => void loops.pop(),
    AwaitExpression({ argument, start }) {
      const awaited = text.slice(argument.start, argument.end);
      const isInTurn = loops.some((loop) => namesOf(loop, text).some((name) => isAwaited(name, awaited)));
      if (isInTurn) lines.push(text.slice(0, start).split("\n").length);
    },
  }).visit(parseSync(path, text).program);
  return lines;
}

/** The variables of a loop, however it takes its elements apart; `for await` has none that are promises. */
function namesOf(loop: ForOfStatement, text: string): string[] {
  if (loop.await) return [];
  return (
    text
      .slice(loop.left.start, loop.left.end)
      .replace(/^const /, "")
      .match(/\w+/g) ?? []
  );
}

function isAwaited(name: string, awaited: string): boolean {
  if (awaited === name) return true;
  const [, callee = "", rest = ""] = new RegExp(`^(\\w+)\\(\\s*${name}\\s*\\)(.*)$`, "s").exec(awaited) ?? [];
  return awaiting.includes(callee) && (callee !== "expect" || /^\s*\.(rejects|resolves)\b/.test(rest));
}
