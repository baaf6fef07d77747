/**
 * Codes name what happened, for programs: in events, metrics, the API and files. They are kebab-case, and come from closed lists.
 */

/** What codes looked like before 0.1.0. */
const WORDS = /^[a-z-]+(?: [a-z-]+)+$/;

/** @param code as it may have been written before 0.1.0, with spaces @returns the code of today; what never was a code comes back as it is */
export function currentCode(code: string): string {
  return WORDS.test(code) ? code.replaceAll(' ', '-') : code;
}
