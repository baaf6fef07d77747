import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { Child } from '../../bench/child.js';
import { giveWay, parseCores, refusals, seatContender } from '../../bench/cores.js';
import type { FromBareHttp } from '../../bench/process-messages.js';

it('reads a list of cores as the kernel writes it', () => {
  assert.deepEqual(parseCores('0'), [0]);
  assert.deepEqual(parseCores('0-3'), [0, 1, 2, 3]);
  assert.deepEqual(parseCores('1,4-5,9'), [1, 4, 5, 9]);
});

describe('a child', () => {
  let child: Child<FromBareHttp>;

  before(async () => {
    child = new Child('./bare-http.js', {});
    await child.next('listening');
  });
  after(() => child.stop());

  const coresOf = (pid: number) =>
    parseCores(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '');

  it('has some of the cores, or reports that it does not', () => {
    seatContender(child.pid);
    if (refusals().length > 0) {
      assert.match(refusals().join(), /^contenders and their receivers share all cores \(.+\)$/);
      return;
    }
    const cores = coresOf(child.pid);
    assert.ok(cores.length > 0 && cores.length < availableParallelism(), `${cores} of ${availableParallelism()}`);
  });

  it('gives way to those that have not been served', () => {
    giveWay(child.pid);
    assert.ok(getPriority(child.pid) > getPriority());
  });

  it('that does not exist adds one refusal to the report', async () => {
    const { pid } = child;
    const before = refusals().length;
    await child.stop();
    giveWay(pid);
    giveWay(pid);
    assert.equal(refusals().length, before + 1);
    assert.match(refusals().at(-1) ?? '', /^observers run at normal priority \(.+\)$/);
  });
});
