import { loadTests } from '../support/load-tests.js';

await loadTests('address', 'block', 'common', 'delivery', 'history', 'relay', 'session', 'wire');
