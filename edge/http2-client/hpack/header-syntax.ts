const nameForm = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
// latin1 without control characters.
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;

/** HTTP/2 allows only lower-case names. */
export const isHeaderName = (text: string): boolean => nameForm.test(text);

export const isHeaderValue = (text: string): boolean => valueForm.test(text);
