/**
 * The folders whose tests share a process, by the name of its file in this folder: to start a process for each of 300 files takes longer than
 * most of their tests. A file belongs to the longest folder that it is in.
 */
export const GROUPS = {
  streams: ['streams'],
  peers: ['peers'],
  live: ['simulation/live'],
  simulation: ['simulation'],
  modules: [
    'address',
    'block',
    'common',
    'dashboard',
    'delivery',
    'history',
    'messages',
    'quorum',
    'relay',
    'session',
    'wire',
  ],
  ops: ['ops'],
  small: ['bench', 'config', 'simulated'],
} as const;

export type Group = keyof typeof GROUPS;
