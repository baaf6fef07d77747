/** A worker thread of a study (`threads.ts`): it answers each network that it is sent with the figures of all blocks on it. */
import { parentPort } from 'node:worker_threads';
import { readNetData } from '../net/data.js';
import { type NetworkJob, simulateJob } from './network-job.js';
import type { ThreadMessage } from './threads.js';

const read = readNetData();
const port = parentPort;
if (!read.ok || port === null) throw new Error('a simulating thread needs the data of the package, and a parent');
const { data } = read;
const say = (message: ThreadMessage): void => port.postMessage(message);
port.on('message', (job: NetworkJob) => {
  for (const finished of simulateJob(job, data)) say(finished);
  say('done');
});
