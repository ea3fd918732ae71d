/** Result columns get aliases while they are written, because their names may not be unique. */
export const columnAlias = (index: number): string => `c${index}`;
