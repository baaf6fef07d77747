/** The logger: readable lines on a terminal, JSON elsewhere. */
import {
  addColors,
  createLogger as createWinston,
  format,
  type LeveledLogMethod,
  transports,
  type Logger as Winston,
} from 'winston';
import type { LogConfig } from '../config/config.js';
import { LOG_LEVELS, type LogLevel } from '../contracts/log-levels.js';
import { type LossyOutput, lossyOutput } from './output.js';
import { oneLine } from './units.js';

/** winston's logger with blockcast's levels. `critical`: blocks are at risk until an operator acts. */
export type Logger = Winston &
  Readonly<Record<LogLevel, LeveledLogMethod>> & {
    /** The stream that its lines are written to. */
    readonly output: LossyOutput;
  };

const COLOURS: Readonly<Record<LogLevel, string>> = {
  critical: 'bold white redBG',
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'gray',
};

const LEVEL_NUMBERS = Object.fromEntries(LOG_LEVELS.map((level, index) => [level, index]));
const LEVEL_WIDTH = Math.max(...LOG_LEVELS.map((level) => level.length));

/** @param stream where lines go; when it is a terminal, `auto` means pretty, and lines are coloured */
export function createLogger(
  { level, format: chosen }: LogConfig,
  stream: NodeJS.WritableStream = process.stdout,
): Logger {
  const terminal = 'isTTY' in stream && stream.isTTY === true;
  const pretty = chosen === 'pretty' || (chosen === 'auto' && terminal);
  addColors(COLOURS);
  const output = lossyOutput(stream);
  const winston = createWinston({
    levels: LEVEL_NUMBERS,
    level,
    format: pretty ? prettyLines(terminal) : jsonLines,
    transports: [new transports.Stream({ stream: output, eol: '\n' })],
  });
  return Object.assign(winston, { output }) as Logger;
}

/** Resolves when all lines are written, or after a second when nobody reads them. Nothing can be logged afterwards. */
export async function closeLogger(logger: Logger): Promise<void> {
  await new Promise<void>((resolve) => {
    logger.once('finish', resolve);
    logger.end();
  });
  await new Promise<void>((resolve) => logger.output.end(resolve));
}

const jsonLines = format.combine(format.timestamp(), format.json());

function prettyLines(coloured: boolean) {
  const paint = format.colorize();
  return format.combine(
    format.timestamp({ format: 'YYYY-MM-DD HH:mm:ss.SSS' }),
    format.printf(({ level, message, timestamp, stack }) => {
      const label = level.toUpperCase().padEnd(LEVEL_WIDTH);
      // Texts of peers and dashd, such as a user agent, may contain control characters.
      const line = `${String(timestamp)} ${coloured ? paint.colorize(level, label) : label} ${oneLine(String(message))}`;
      return typeof stack === 'string' ? `${line}\n${stack}` : line;
    }),
  );
}
