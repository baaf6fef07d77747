/**
 * `npm run test:container`: builds the image with podman, starts it, and starts the services of the Compose file. Skipped where there is no podman. It
 * takes minutes, and is not part of `npm test`.
 */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { parse } from 'yaml';
import { type BaseImage, baseImage } from './base-image.js';
import { buildBlockcast, COMPOSE, fullName } from './images.js';
import { NO_PODMAN, Podman } from './podman.js';
import { describeImage, describeRelay } from './relay.js';
import { describeStack } from './stack-tests.js';

const { services } = parse(COMPOSE) as { services: Readonly<Record<string, { image: string }>> };

describe('container', { skip: NO_PODMAN }, () => {
  const podman = new Podman();
  const image = fullName(services['blockcast']?.image ?? assert.fail());

  let base: BaseImage;
  before(async () => {
    base = await baseImage(podman);
    const runtime = await podman.chooseRuntime(base.name);
    console.log(`base image ${base.name}${base.local ? ', made here' : ''}; runtime ${runtime}`);
    await buildBlockcast(podman, base, image);
  });
  after(() => podman.remove());

  describeImage(podman, () => image);
  describeRelay(podman, () => image);
  describeStack(podman, () => base);
});
