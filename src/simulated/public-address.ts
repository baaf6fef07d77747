/** The first octets of public IPv4 addresses; blocks that are partly reserved are left out. */
const FIRST_OCTETS = Array.from({ length: 223 }, (_, i) => i + 1).filter(
  (octet) => ![10, 100, 127, 169, 172, 192, 198, 203].includes(octet),
);

/**
 * The n-th address of a fixed sequence of public IPv4 addresses: one in each /16 network, over 50,000 networks, before a second one
 * in any of them.
 */
export function publicAddress(n: number): string {
  const networks = FIRST_OCTETS.length * 256;
  const network = n % networks;
  const host = Math.floor(n / networks);
  const first = FIRST_OCTETS[Math.floor(network / 256)] ?? 1;
  return `${first}.${network % 256}.${(host >> 8) & 255}.${(host & 255) + 1}`;
}
