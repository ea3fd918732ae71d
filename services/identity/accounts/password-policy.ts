import type { PasswordFault } from "../errors.ts";
import { isCommon } from "./common-passwords.ts";

/** Length after NFKC, in code points. The contract states it. */
const charactersMin = 12;
const charactersMax = 128;
/** Fewer different characters than this are a pattern. */
const differentMin = 5;
/** Shorter words are parts of too many others. */
const wordCharactersMin = 4;

/** The texts of an account that its password may not contain. */
export type AccountTexts = {
  readonly email: string;
  readonly displayName: string;
  readonly orgName: string;
};

/** Why a password can't be that of an account; undefined if it can. */
export function passwordFault(password: string, account: AccountTexts): PasswordFault | undefined {
  const normalized = password.normalize("NFKC");
  const characters = [...normalized];
  if (characters.length < charactersMin) {
    return { cause: "too_short", text: `must have ${charactersMin} characters or more` };
  }
  if (characters.length > charactersMax) {
    return { cause: "too_long", text: `must have ${charactersMax} characters or fewer` };
  }
  const folded = fold(password);
  if (new Set(folded).size < differentMin) {
    return { cause: "too_uniform", text: `must have ${differentMin} different characters or more` };
  }
  if (isCommon(folded)) return { cause: "common", text: "is a common password" };
  if (wordsOf(account).some((word) => folded.includes(word))) {
    return {
      cause: "own_word",
      text: "may not contain the name before @ of the e-mail address, nor a word of the user's or the organisation's name",
    };
  }
  return undefined;
}

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

function wordsOf({ email, displayName, orgName }: AccountTexts): string[] {
  const texts = [email.slice(0, email.lastIndexOf("@")), displayName, orgName].map(fold);
  const words = texts.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}\p{M}]+/u)]);
  return words.filter((word) => [...word].length >= wordCharactersMin);
}
