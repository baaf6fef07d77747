/** The images of the Compose file: blockcast's from the Dockerfile, the others pulled, or made from programs of this machine where no registry can be reached. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findDashd } from '../../src/simulated/dashd-process.js';
import type { BaseImage } from './base-image.js';
import { has, type Podman } from './podman.js';

/** Of an image: from a registry, or made of programs of this machine. */
export type Origin = 'pulled' | 'made here';

/** Libraries that the base image has: one of another release of glibc would not fit its own. */
const GLIBC = /^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv))\.so/;

/**
 * Builds the Dockerfile. HEALTHCHECK is kept in Docker's format only, which `podman build` must be asked for. The npm client of the build is given this
 * machine's registry and, if `NODE_EXTRA_CA_CERTS` names some, its certificates.
 * @returns the name of the image, as the Compose file has it
 */
export async function buildBlockcast(podman: Podman, base: BaseImage, name: string): Promise<string> {
  const npmrc = join(podman.folder, 'npmrc');
  const { output: registry } = await podman.run('npm', ['config', 'get', 'registry']);
  const certificates = process.env['NODE_EXTRA_CA_CERTS'] ?? '';
  writeFileSync(npmrc, `registry=${registry}\n${certificates === '' ? '' : 'cafile=/run/certificates.pem\n'}`);
  const mounts = [
    `${npmrc}:/root/.npmrc:ro`,
    ...(certificates === '' ? [] : [`${certificates}:/run/certificates.pem:ro`]),
  ];
  const volumes = mounts.map((mount) => `--volume=${mount}`);
  const from = base.local ? [`--from=${base.name}`] : [];
  await podman.do('build', '--format=docker', '--network=host', ...from, ...volumes, `--tag=${name}`, '.');
  return name;
}

/**
 * Pulls dashd's image, or makes one from this machine's dashd and dash-cli. The version is then theirs, not that of the name.
 * @returns where it is from; undefined if there is neither
 */
export async function dashdImage(podman: Podman, base: BaseImage, name: string): Promise<Origin | undefined> {
  if (await isPulled(podman, name)) return 'pulled';
  const dashd = findDashd();
  if (dashd === undefined) return undefined;
  const programs = [dashd, join(dirname(dashd), 'dash-cli')];
  const libraries = (await Promise.all(programs.map((program) => librariesOf(podman, program)))).flat();
  await make(
    podman,
    name,
    [...programs, ...libraries],
    [
      `FROM ${base.name}`,
      'COPY dashd dash-cli /usr/local/bin/',
      ...(libraries.length > 0 ? ['COPY lib*.so* /usr/local/lib/'] : []),
      'RUN ldconfig && install -d -o 1000 -g 1000 /home/dash',
      'ENV HOME=/home/dash',
      'USER 1000:1000',
      'VOLUME ["/home/dash"]',
    ],
  );
  return 'made here';
}

/**
 * Pulls Prometheus' image, or makes one from this machine's Prometheus.
 * @returns where it is from; undefined if there is neither
 */
export async function prometheusImage(podman: Podman, base: BaseImage, name: string): Promise<Origin | undefined> {
  if (await isPulled(podman, name)) return 'pulled';
  if (!has('prometheus') || !has('promtool') || !has('busybox')) return undefined;
  const paths = await Promise.all(['prometheus', 'promtool', 'busybox'].map((program) => pathOf(podman, program)));
  await make(podman, name, paths, [
    `FROM ${base.name}`,
    'COPY prometheus promtool /bin/',
    'COPY busybox /usr/local/bin/wget',
    'RUN install -d -o 65534 -g 65534 /prometheus',
    'USER 65534:65534',
    'VOLUME ["/prometheus"]',
    'ENTRYPOINT ["/bin/prometheus"]',
  ]);
  return 'made here';
}

/** An image of the kept store that was made here is made again: its programs may be others by now. */
async function isPulled(podman: Podman, name: string): Promise<boolean> {
  return (await podman.try('pull', '--quiet', name)).code === 0;
}

async function make(podman: Podman, name: string, files: readonly string[], lines: readonly string[]): Promise<void> {
  const context = join(podman.folder, 'context');
  mkdirSync(context);
  for (const file of new Set(files)) copyFileSync(file, join(context, basename(file)));
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
  await podman.do('build', '--format=docker', `--tag=${name}`, context);
  rmSync(context, { recursive: true });
}

async function pathOf(podman: Podman, program: string): Promise<string> {
  return (await podman.run('sh', ['-c', `command -v ${program}`])).output;
}

/** The libraries that a program is linked to, without those of the base image. */
async function librariesOf(podman: Podman, program: string): Promise<string[]> {
  const { output } = await podman.run('ldd', [program]);
  const paths = [...output.matchAll(/=> (\/\S+)/g)].flatMap(([, path]) => path ?? []);
  return paths.filter((path) => !GLIBC.test(basename(path)));
}

/** The image that a service of the Compose file names, as its short name means it. */
export function fullName(image: string): string {
  return image.includes('/') ? `docker.io/${image}` : `docker.io/library/${image}`;
}

export const COMPOSE = readFileSync('docker-compose.yml', 'utf8');
