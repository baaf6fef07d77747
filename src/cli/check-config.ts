import { describeConfig } from '../config/config.js';
import { WARNINGS } from '../messages/configuration.js';
import { fill } from '../messages/fill.js';
import { type CliContext, EXIT, type Loaded, printWarning } from './context.js';
import { descriptorFault, openFilesLimit } from './descriptors.js';

/** `blockcast check-config`: prints the effective configuration, and warnings. @returns the exit code */
export function checkConfig({ config, warnings }: Loaded, context: CliContext): number {
  const { stdout, platform, readFile } = context;
  stdout.write(describeConfig(config));
  for (const warning of warnings) printWarning(context, warning);
  const { cookieFile } = config.dashd.rpc;
  if (cookieFile !== undefined && !isReadable(cookieFile, readFile)) printWarning(context, unreadable(cookieFile));
  // An error of `run`. Here it is a warning, since the relay's process may have another limit than this one.
  const shortage = descriptorFault(config, openFilesLimit(platform, readFile));
  if (shortage !== undefined) printWarning(context, shortage);
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
