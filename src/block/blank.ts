/** White space, or the NUL that ends a string in C: what a program may leave around a block without meaning it. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
