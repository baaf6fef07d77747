/** From the most severe. `critical`: blocks are at risk until an operator acts. */
export const LOG_LEVELS = ['critical', 'error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
