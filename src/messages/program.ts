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

/** Parts of these lines, and of others. */
export const LOG = {
  summary: '{network}, pool socket {pool}, events {events}, dashd {dashd}, {feed}, {peers}',
  feed: 'feed {url}',
  'no-feed': 'no feed',
  peers: 'up to {count} peers',
  'dashd-only': 'the local dashd only',
  applied: 'applied: {settings}',
  'no-changes': 'no changes to apply',
  'dropped-from-now': '{line} (further similar lines are dropped for a minute)',
  'dropped-before': '{line} ({count} similar lines were dropped before this one)',
} as const;

/** An error without a code, where a code is shown. */
export const UNKNOWN_ERROR = 'unknown error';
