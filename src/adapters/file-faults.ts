/** What goes wrong with a file, as an answer: a code, and a text that says what to do. */
import type { FileFault, FileFaultCode } from '../contracts/files.js';
import { fill } from '../messages/fill.js';
import { FILE_FAULTS, KEPT, TOO_MANY_FILES } from '../messages/storage.js';
import { errorCode } from './system-error.js';

/** Without what the content of a file is: it is not known here. */
export type SystemFaultCode = Exclude<FileFaultCode, 'corrupt'>;

/** How faults speak of a file. */
export interface FileKind {
  /** Says what there is still when the disk is full. */
  readonly kept: keyof typeof KEPT;
  /** The setting that names the file. */
  readonly setting: string;
  /** `file` unless given. */
  readonly noun?: 'file' | 'folder';
  /** What a larger file is not. */
  readonly maxBytes?: number;
}

export interface FaultDetails {
  readonly path: string;
  /** The code of the system's error. */
  readonly error?: string | undefined;
  /** Of the file, in bytes. */
  readonly size?: number | undefined;
  /** After which a lock that is not refreshed is free. */
  readonly staleSeconds: number;
}

export function fileFault(code: SystemFaultCode, kind: FileKind, details: FaultDetails): FileFault {
  const { path, error, size, staleSeconds: seconds } = details;
  const { setting, noun = 'file', maxBytes: max } = kind;
  const template = code === 'io-error' && isForWantOfDescriptors(error) ? TOO_MANY_FILES : FILE_FAULTS[code];
  return {
    ok: false,
    code,
    detail: fill(template, { path, error, size, max, seconds, setting, noun, kept: KEPT[kind.kept] }),
  };
}

/** @throws the error itself when it has no code: it is then a programmer's */
export function faultCode(error: unknown): SystemFaultCode {
  return FAULTS[errorCode(error)] ?? 'io-error';
}

/** True when a sync failed: the disk did not take it. Others say that there was nothing to sync. Source: fsync(2). */
export function isSyncFault(error: unknown): boolean {
  return SYNC_FAULTS.has(errorCode(error));
}

const SYNC_FAULTS: ReadonlySet<string> = new Set(['EIO', 'ENOSPC', 'EDQUOT']);

const FAULTS: Readonly<Record<string, SystemFaultCode>> = {
  ELOCKED: 'locked',
  ENOENT: 'missing',
  EACCES: 'not-writable',
  EPERM: 'not-writable',
  EROFS: 'not-writable',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EISDIR: 'not-a-file',
  ENOTDIR: 'not-a-file',
  // A file where a folder is to be made.
  EEXIST: 'not-a-file',
};

function isForWantOfDescriptors(error: string | undefined): boolean {
  return error === 'EMFILE' || error === 'ENFILE';
}
