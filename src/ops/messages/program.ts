/** The log lines of the program itself. docs/messages.md is made of this table. */
import type { Message } from './message.js';

export const PROGRAM_MESSAGES = {
  started: { level: 'info', text: 'blockcast {version}: {summary}' },
  stopping: { level: 'info', text: 'shutting down: waiting for pending verdicts' },
  stopped: { level: 'info', text: 'stopped' },
  'stop-timeout': {
    level: 'critical',
    text: 'shutdown timed out after {seconds} s: exiting with open connections or unsaved files',
    action: 'Start it again: found blocks are in the spool, and are sent at the start. Report it as a bug.',
  },
  'reload-failed': {
    level: 'error',
    text: 'configuration reload failed, keeping the old one:',
    action: 'Correct the settings that the following lines name, and reload.',
  },
  reloaded: { level: 'info', text: 'configuration reloaded, {changes}' },
  'restart-needed': {
    level: 'warn',
    text: 'configuration changes that need a restart: {settings}',
    action: 'Restart blockcast when no block is being sent.',
  },
  'uncaught-exception': {
    level: 'critical',
    text: 'fatal: uncaught exception: {error}',
    action: 'Start it again, and report the line with its stack as a bug.',
  },
  'alert-sent': { level: 'debug', text: 'alert by {channel} {outcome}: {detail}' },
  'alert-not-sent': {
    level: 'warn',
    text: 'alert by {channel} {outcome}: {detail}',
    action: 'Correct the settings of the channel; `blockcast alerts test` sends a test message.',
  },
} as const satisfies Record<string, Message>;
