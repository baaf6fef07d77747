/** Where the links of the documents lead. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchors, type Document, documentAt, links } from './markdown.js';

const isRemote = (link: string): boolean => /^https?:/.test(link);

/** The links to files and headings of this repository, as they are written. */
export function localLinks(document: Document): string[] {
  return links(document).filter((link) => !isRemote(link));
}

/** The links to other hosts, without what follows a `#`. */
export function remoteLinks(document: Document): string[] {
  return links(document)
    .filter(isRemote)
    .map((link) => link.replace(/#.*$/, ''));
}

/** Why a local link does not work, or undefined if it does. */
export function faultOf(document: Document, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document.path : normalize(join(dirname(document.path), path));
  if (!existsSync(target)) return `${document.path}: ${link}: there is no ${target}`;
  if (anchor === undefined || anchors(documentAt(target)).includes(anchor)) return undefined;
  return `${document.path}: ${link}: ${target} has no such heading`;
}
