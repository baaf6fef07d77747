/** The folders whose tests share a process, by the name of its file: to start a process for each of 100 files takes longer than their tests. */
export const SHARED = {
  modules: ['address', 'block', 'common', 'dashboard', 'delivery', 'history', 'quorum', 'relay', 'session', 'wire'],
  peers: ['peers'],
  streams: ['streams'],
} as const;
