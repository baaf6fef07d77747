/** Writes docs/messages.md. The tests only compare. */
import { writeFileSync } from 'node:fs';
import { PATH, page } from './messages-page.js';

writeFileSync(PATH, page());
