const nameForm = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
// Without control characters, and a byte a character.
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header may be called so in HTTP/2, where names have small letters only. */
export const isHeaderName = (text: string): boolean => nameForm.test(text);

export const isHeaderValue = (text: string): boolean => valueForm.test(text);
