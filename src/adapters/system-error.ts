import { UNKNOWN_ERROR } from '../messages/program.js';

/**
 * The code of an error that the system or Node reports: `ENOENT`, `ERR_STREAM_PREMATURE_CLOSE`.
 * @throws the error itself when it has none: it is then a programmer's, and nothing to go on after
 */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

/** The code of an error, or its name where it has none. Its message is not used: it may quote anything. */
export function errorCodeOrName(error: unknown): string {
  if (!(error instanceof Error)) return UNKNOWN_ERROR;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
