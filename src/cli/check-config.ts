import { describeConfig } from '../config/config.js';
import { type CliContext, EXIT, type Loaded } from './context.js';

/** Prints the effective configuration, and what about it deserves a second look. @returns the exit code */
export function checkConfig({ config, warnings }: Loaded, { stdout, stderr, readFile }: CliContext): number {
  stdout.write(describeConfig(config));
  const { cookieFile } = config.dashd.rpc;
  const doubts =
    cookieFile === undefined || isReadable(cookieFile, readFile) ? warnings : [...warnings, unreadable(cookieFile)];
  for (const doubt of doubts) stderr.write(`warning: ${doubt}\n`);
  return EXIT.ok;
}

function isReadable(path: string, readFile: CliContext['readFile']): boolean {
  try {
    readFile(path);
    return true;
  } catch {
    return false;
  }
}

function unreadable(path: string): string {
  return `dashd.rpc.cookieFile: ${path} cannot be read now; dashd writes it when it starts, for its own user.`;
}
