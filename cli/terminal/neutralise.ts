// Control characters, lone surrogates, line separators, and characters without a shape, such as overrides of the direction of text: a
// terminal obeys them, or shows a text that reads differently from its bytes. The two joiners are part of ordinary words and emoji.
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|[\p{Cf}--[\u200c\u200d]]/gv;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Replaces what a terminal would obey by escapes that it shows, such as `\x1b`. */
export const neutralise = (text: string): string =>
  text.replace(unsafe, (character) => named[character] ?? escapeOf(character));

/** The same for JSON: escapes in its own notation, which change no value. */
export const neutraliseJson = (json: string): string =>
  json.replace(unsafe, (character) =>
    character === "\n"
      ? character
      : [...Array(character.length).keys()].map((at) => unitOf(character, at)).join(""),
  );

/** The same for text of several lines, such as CSV: line ends and tabs stay. */
export const neutraliseLines = (text: string): string =>
  text.replace(unsafe, (character) =>
    character === "\n" || character === "\t" ? character : (named[character] ?? escapeOf(character)),
  );

function escapeOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
}

const unitOf = (text: string, at: number): string =>
  `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
