/** An error as the system reports it. @param code of POSIX, such as `ENOENT` */
export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
