/** How the columns of a result are called while they are written: names of their own may be there twice. */
export const aliasOf = (index: number): string => `c${index}`;
