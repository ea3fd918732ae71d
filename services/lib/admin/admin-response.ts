/** Complete response of the admin port. */
export type AdminResponse = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
};

export const jsonResponse = (status: number, value: object): AdminResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

export const errorResponse = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): AdminResponse => ({ status, headers, body: `${message}\n` });
