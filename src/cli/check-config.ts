import { describeConfig } from '../config/config.js';
import { WARNINGS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { type CliContext, EXIT, type Loaded, printWarning } from './context.js';

/** `blockcast check-config`: prints the effective configuration, and warnings. @returns the exit code */
export function checkConfig({ config, warnings }: Loaded, { stdout, stderr, readFile }: CliContext): number {
  stdout.write(describeConfig(config));
  const { cookieFile } = config.dashd.rpc;
  const allWarnings =
    cookieFile === undefined || isReadable(cookieFile, readFile) ? warnings : [...warnings, unreadable(cookieFile)];
  for (const warning of allWarnings) printWarning({ stderr }, warning);
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
  return fill(WARNINGS['cookie-unreadable'], { path });
}
