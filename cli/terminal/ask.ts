import { interrupted } from "../failures/command-error.ts";

type Choice<Value> = { readonly value: Value; readonly label: string; readonly hint?: string };

// Questions go to standard error: standard output is for results.
const streams = { input: process.stdin, output: process.stderr };

/** Asks for a line of text. `check` returns what is wrong with it. */
export async function askText(
  message: string,
  {
    initial,
    placeholder,
    check,
  }: { initial?: string; placeholder?: string; check?: (text: string) => string | undefined } = {},
): Promise<string> {
  const { text } = await import("@clack/prompts");
  const answer = await text({
    message,
    ...streams,
    ...(initial !== undefined && { initialValue: initial }),
    ...(placeholder !== undefined && { placeholder }),
    validate: (value) => check?.(value ?? ""),
  });
  return unlessCancelled(answer) ?? "";
}

/** Asks for a secret, which is not shown. */
export async function askSecret(message: string): Promise<string> {
  const { password } = await import("@clack/prompts");
  const answer = await password({
    message,
    ...streams,
    validate: (value) => (value ? undefined : "is needed"),
  });
  return unlessCancelled(answer);
}

export async function askChoice<Value extends string>(
  message: string,
  choices: readonly Choice<Value>[],
): Promise<Value> {
  const { select } = await import("@clack/prompts");
  const options = choices as unknown as Parameters<typeof select<string>>[0]["options"];
  return unlessCancelled(await select<string>({ message, options, ...streams })) as Value;
}

/** Asks for any number of choices. */
export async function askChoices(message: string, choices: readonly Choice<string>[]): Promise<string[]> {
  const { multiselect } = await import("@clack/prompts");
  const options = choices as unknown as Parameters<typeof multiselect<string>>[0]["options"];
  return unlessCancelled(await multiselect<string>({ message, options, required: false, ...streams }));
}

export async function askYes(message: string, initialValue = false): Promise<boolean> {
  const { confirm } = await import("@clack/prompts");
  return unlessCancelled(await confirm({ message, initialValue, ...streams }));
}

/** The answer; Ctrl-C and Escape end the command. */
function unlessCancelled<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (typeof answer === "symbol") throw interrupted();
  return answer as Exclude<Answer, symbol>;
}
