/** What came of reading, writing or locking a file. */

export type FileFaultCode =
  | 'missing'
  | 'locked'
  | 'lock-lost'
  | 'changed'
  | 'not-writable'
  | 'disk-full'
  | 'not-a-file'
  | 'too-large'
  | 'io-error'
  /** It can be read, and is not what it should be. */
  | 'corrupt';

export interface FileFault {
  readonly ok: false;
  readonly code: FileFaultCode;
  /** For people: what, and what to do about it. */
  readonly detail: string;
}

/** What was asked for, or why it could not be had. */
export type FileAnswer<T = unknown> = ({ readonly ok: true } & Readonly<T>) | FileFault;
