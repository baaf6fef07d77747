/** White space, or the NUL at the end of a C string, which programs may append to a block by accident. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
