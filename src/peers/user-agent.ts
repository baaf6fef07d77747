/**
 * Puts a peer's user agent into one of about a hundred classes (`Dash Core 23`), for whatever is grouped or labelled by it: the
 * text itself is the peer's to choose, and would make as many labels as an attacker likes.
 */
export function userAgentClass(userAgent: string): string {
  if (userAgent === '') return 'none';
  const core = /^\/Dash Core:(\d{1,2})\./.exec(userAgent);
  if (core !== null) return `Dash Core ${Number(core[1])}`;
  const known = /^\/(dashj|blockcast|p2pool)[:/]/i.exec(userAgent)?.[1];
  return known?.toLowerCase() ?? 'other';
}
