/**
 * The image that the Dockerfile begins with: pulled, or made here where no registry can be reached. The one made here has the same release of Debian
 * (its minimal set of packages, without documentation) and the same release of Node (the npm package with the official binary), and a user 1000.
 */
import { appendFileSync, chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Podman } from './podman.js';

const DOCKERFILE = readFileSync('Dockerfile', 'utf8');
const LOCAL = 'localhost/blockcast-base';
/** The variable part of the name of the npm package with the binary. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x64', arm64: 'arm64' };
/** What a slim image of Debian does not have. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'var/cache/apt',
  'var/lib/apt/lists',
];

export interface BaseImage {
  readonly name: string;
  /** Whether it was made here. */
  readonly local: boolean;
}

/** @returns the pinned image, or one that was made here */
export async function baseImage(podman: Podman): Promise<BaseImage> {
  const pinned = /^FROM (\S+)/m.exec(DOCKERFILE)?.[1] ?? '';
  if ((await podman.try('pull', '--quiet', pinned)).code === 0) return { name: pinned, local: false };
  if ((await podman.try('image', 'exists', LOCAL)).code === 0) return { name: LOCAL, local: true };
  const [, node = '', debian = ''] = /node:([\d.]+)-([a-z]+)-slim/.exec(pinned) ?? [];
  await make(podman, node, debian);
  return { name: LOCAL, local: true };
}

async function make(podman: Podman, node: string, debian: string): Promise<void> {
  const root = join(podman.folder, 'base');
  const shell = async (program: string, ...args: string[]): Promise<void> => {
    const { code, output } = await podman.run(program, args, podman.folder);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} (${code}):\n${output}`);
  };
  await shell('debootstrap', '--variant=minbase', debian, root);
  for (const folder of LEFT_OUT) rmSync(join(root, folder), { recursive: true, force: true });
  const binary = `node-linux-${ARCHITECTURES[process.arch] ?? process.arch}@${node}`;
  await shell(
    'npm',
    'install',
    '--no-save',
    '--ignore-scripts',
    '--prefix',
    join(podman.folder, 'node'),
    binary,
    'npm@11',
  );
  const modules = join(podman.folder, 'node', 'node_modules');
  const local = join(root, 'usr', 'local');
  cpSync(join(modules, binary.replace(/@.*/, ''), 'bin', 'node'), join(local, 'bin', 'node'));
  chmodSync(join(local, 'bin', 'node'), 0o755);
  mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
  cpSync(join(modules, 'npm'), join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
  appendFileSync(join(root, 'etc', 'passwd'), 'node:x:1000:1000::/home/node:/bin/sh\n');
  appendFileSync(join(root, 'etc', 'group'), 'node:x:1000:\n');
  await shell('install', '-d', '-o', '1000', '-g', '1000', join(root, 'home', 'node'));
  const archive = join(podman.folder, 'base.tar');
  await shell('tar', '--create', '--numeric-owner', '--file', archive, '--directory', root, '.');
  await podman.do('import', archive, LOCAL);
  for (const made of [root, archive, modules]) rmSync(made, { recursive: true, force: true });
}
