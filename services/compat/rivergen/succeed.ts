/** The envelope of a success. */
export const succeed = <T>(data: T, message: string) => ({ success: true, data, message });
