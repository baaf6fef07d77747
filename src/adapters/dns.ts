import { promises as dns } from 'node:dns';

/**
 * The addresses of a host name, IPv4 and IPv6.
 * @returns what was found; empty when the name has none or the lookup failed
 * @throws never: a seed that does not answer is normal
 */
export async function resolveSeed(name: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
