import { dictionary } from "@zxcvbn-ts/language-common";

const common = new Set(dictionary["passwords-common"]);
const longestUnit = 16;

/**
 * Whether a password, in lower case, is common: one of the list, also with digits and signs around it, or repeated. The list
 * is that of zxcvbn-ts, made from published passwords.
 */
export function isCommon(password: string): boolean {
  const letters = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  return [password, letters, unitOf(password), unitOf(letters)].some((text) => common.has(text));
}

/** The text that a text repeats, or the text itself. */
function unitOf(text: string): string {
  for (let length = 1; length <= longestUnit && length * 2 <= text.length; length += 1) {
    const unit = text.slice(0, length);
    if (text.length % length === 0 && unit.repeat(text.length / length) === text) return unit;
  }
  return text;
}
