/**
 * Recognises variables that Kubernetes or Docker set in every container next to a service whose name begins with `blockcast`. They
 * have the prefix of the settings, but are not settings.
 */

/** Kubernetes: `<SERVICE>_SERVICE_HOST`, `<SERVICE>_SERVICE_PORT` and `<SERVICE>_SERVICE_PORT_<NAME>`. */
const SERVICE = /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/;
/** Kubernetes and Docker links: `<SERVICE>_PORT` and `<SERVICE>_PORT_<NUMBER>_<PROTOCOL>`, which hold a URL, and its parts. */
const LINK = /_PORT(_\d{1,5}_(TCP|UDP|SCTP))?$/;
const LINK_URL = /^(tcp|udp|sctp):\/\/\S+:\d{1,5}$/;
const LINK_PART = /_PORT_\d{1,5}_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/;
/** Docker links: `<ALIAS>_NAME` holds `/container/alias`, and `<ALIAS>_ENV_<VARIABLE>` a variable of the other container. */
const LINK_NAME = /_NAME$/;
const LINK_ENV = /^BLOCKCAST(_[A-Z0-9_]+)?_ENV_/;

/** Whether an orchestrator set a variable. @param text its value, trimmed */
export function isInjected(name: string, text: string): boolean {
  if (SERVICE.test(name) || LINK_PART.test(name) || LINK_ENV.test(name)) return true;
  return (LINK.test(name) && LINK_URL.test(text)) || (LINK_NAME.test(name) && text.startsWith('/'));
}
