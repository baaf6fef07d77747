/**
 * Puts a peer's user agent into one of about a hundred classes (`Dash Core 23`), for grouping and labels: the peer chooses the text itself,
 * so it could create any number of labels.
 */
export function userAgentClass(userAgent: string): string {
  if (userAgent === '') return 'none';
  const core = /^\/Dash Core:(\d{1,2})\./.exec(userAgent);
  if (core !== null) return `Dash Core ${Number(core[1])}`;
  const known = /^\/(dashj|blockcast|p2pool)[:/]/i.exec(userAgent)?.[1];
  return known?.toLowerCase() ?? 'other';
}
