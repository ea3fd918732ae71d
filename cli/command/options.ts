type Extra = { readonly short?: string };

/** Options of commands by kind. */
export const flag = <const More extends Extra>(summary: string, more?: More) =>
  ({ kind: "flag", summary, ...more }) as const;

export const text = <const More extends Extra & { choices?: readonly string[] }>(
  value: string,
  summary: string,
  more?: More,
) => ({ kind: "text", value, summary, ...more }) as const;

/** Can be given several times. */
export const many = <const More extends Extra & { choices?: readonly string[] }>(
  value: string,
  summary: string,
  more?: More,
) => ({ kind: "many", value, summary, ...more }) as const;

export const whole = (value: string, summary: string, { min = 0, max = 2_147_483_647 } = {}) =>
  ({ kind: "whole", value, summary, min, max }) as const;

/** A text that can be left out: the option alone is an empty one. */
export const optional = (value: string, summary: string) => ({ kind: "optional", value, summary }) as const;
