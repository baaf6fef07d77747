/** What is said about files: the peer file, the block history and the spool. */
import type { FileFaultCode } from '../contracts/files.js';

/** What came of reading, writing or locking a file. The keys are the codes. */
export const FILE_FAULTS = {
  missing: '{path} is not there[ ({error})]',
  locked:
    '{path} is held by another blockcast ({path}.lock), or by one that was killed in the last {seconds} s: stop that one, or name another {noun} ({setting})',
  'lock-lost':
    '{path} was written or taken over by another process ({path}.lock) while this one stood still: stop the other, and restart this one',
  changed: '{path} is no longer what this process wrote: stop blockcast before the file is moved, removed or edited',
  'not-writable':
    '{path}: no permission for it or its folder[ ({error})]: give it to this user, or name another {noun} ({setting})',
  'disk-full': '{path}: no space left[ ({error})]: free some; {kept}',
  'not-a-file':
    '{path} is not a file, or a part of its path is not a folder[ ({error})]: move what is there, or name another {noun} ({setting})',
  'too-large': '{path} is too large ({size} bytes): {max} bytes are the most',
  'io-error': '{path} cannot be read or written[ ({error})]: check the disk, or name another {noun} ({setting})',
  corrupt: '{path} cannot be read: {reason}',
} as const satisfies Readonly<Record<FileFaultCode, string>>;

/** `io-error` for want of descriptors. */
export const TOO_MANY_FILES = '{path} cannot be opened ({error}): too many files are open; raise the limit (ulimit -n)';

/** `{kept}` of `disk-full`. */
export const KEPT = {
  'peer-file': 'the copy saved before is unchanged',
  'history-file': 'new records are kept in memory',
  spool: 'blocks are sent all the same',
} as const;

/** A file that is of no use is renamed. */
export const SET_ASIDE = {
  'set-aside': 'set aside as {path}',
  'not-set-aside': 'not set aside: {detail}',
  'left-alone': 'it is left alone',
} as const;

export const PEER_FILE = {
  loaded: '{count} peers from {path}[, saved {minutes} min ago][; {notes}]',
  'left-out': '{count} left out: {reason}',
  skipped: '{count} not understood',
  new: '{path} does not exist yet: the book begins empty',
  saved: 'the peer book is saved again',
  unsaved: 'peers are not saved: {detail}',
  corrupt: '{path} is not a peer book ({code}: {reason})',
  moved: '{detail}; {moved}',
  'backup-used': '{path} is used, the copy saved before',
  empty: 'no copy of {path} can be read: the book begins empty',
} as const;

/** What is wrong with a peer book: `{reason}` above, and warnings of `blockcast peers`. */
export const PEER_BOOK = {
  'unknown-version': 'version {version}, {known} is known',
  'no-version': 'no version',
  'unknown-source': 'unknown source',
  'not-an-address': 'not an address',
  skipped: 'skipped: {what}',
  oddity: '{what} ({count}, as in {example})',
  'the-file': 'the file',
  'the-whole': 'the whole',
  'not-json': 'it is not JSON',
} as const;

export const HISTORY_FILE = {
  loaded: '{count} blocks from {path}[; {torn} bytes of an unfinished line are dropped]',
  new: '{path} does not exist yet: the history begins empty',
  saved: 'the block history is written again',
  unsaved: 'blocks are not recorded on disk: {detail}',
  garbage:
    '{count} of {lines} lines of {path} are not understood and are left out: check the disk, and restore the file from a copy if you have one',
  corrupt: '{path} is not a block history: {reason}',
  'begins-empty': '{detail}; {moved}: the history begins empty',
  'not-a-history': 'it does not begin as one',
  'other-version': 'it is of version {version}, this is version {known}',
} as const;

export const SPOOL = {
  saved: 'blocks are written to disk again',
  unsaved: 'blocks do not survive a crash: {detail}',
  swept:
    '{files} unfinished files in {path} were removed: the process that wrote them was killed, and their blocks are on no disk',
  shared:
    "{path} is used by another blockcast ({path}.lock): blocks are stored all the same, but after a restart each of the two sends the other's again; name another folder (spool.dir)",
  full: '{path} is full (spool.maxBlocks {maxBlocks}, spool.maxBytes {maxBytes}): the oldest blocks are removed; find out why dashd does not accept them',
  'too-many-files': '{path} holds more than {max} files: the others are ignored; empty it',
  foreign:
    '{name}[ and {more} more] in {path} does not belong to blockcast: left alone; the folder is for the spool only (spool.dir)',
  'not-listed': 'blocks from before the start are not looked for: {detail}',
  'not-read': 'block {hash} cannot be sent again: {detail}',
  'left-alone': '{name} in {path} is left alone: {reason}',
  unusable: '{name} in {path} is not usable: {reason}; {moved}',
} as const;

/** `{reason}` above. */
export const SPOOLED = {
  'incomplete-head': '{size} bytes, less than a whole first line',
  'not-spooled': 'it does not begin as a spooled block',
  'other-version': 'it is of version {version}, this is version {known}',
  'unreadable-head': 'its first line cannot be read',
  'other-name': 'its name and its first line name different blocks',
  incomplete: '{size} of {expected} bytes',
  surplus: '{size} bytes follow the block',
  'other-block': 'it is a different block than its name says',
} as const;
