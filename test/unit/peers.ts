import { loadTests } from '../support/load-tests.js';
import { SHARED } from './folders.js';

await loadTests(...SHARED.peers);
