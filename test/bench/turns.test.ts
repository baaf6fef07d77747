import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { Child } from '../../bench/child.js';
import type { FromBareHttp } from '../../bench/process-messages.js';
import { enterTurns, leaveTurns, rotated, type TurnTaker, takeTurn } from '../../bench/turns.js';

const CAN_HALT = process.platform !== 'win32';

class Recorded implements TurnTaker {
  readonly orders: string[] = [];
  halt = () => this.orders.push('halt');
  resume = () => this.orders.push('resume');
  stop = async () => void this.orders.push('stop');
}

describe('turns', () => {
  it('halts all contenders but the one that is in turn', { skip: !CAN_HALT }, async () => {
    const [one, other] = [new Recorded(), new Recorded()];
    enterTurns(one);
    enterTurns(other);
    await takeTurn(one);
    await takeTurn(other);
    await takeTurn();
    await leaveTurns(one);
    await takeTurn(other);
    await leaveTurns(other);
    assert.deepEqual(one.orders, ['resume', 'halt', 'halt', 'stop']);
    assert.deepEqual(other.orders, ['halt', 'resume', 'halt', 'resume', 'stop']);
  });

  it('goes round', () => {
    const all = ['a', 'b', 'c'];
    const rounds = [0, 1, 2, 3].map((turn) => rotated(all, turn).join(''));
    assert.deepEqual(rounds, ['abc', 'bca', 'cab', 'abc']);
  });
});

describe('a child', () => {
  let child: Child<FromBareHttp>;

  beforeEach(async () => {
    child = new Child('./bare-http.js', {});
    await child.next('listening');
  });
  after(() => child.stop());

  it('ends when it is asked to, halted or not', { skip: !CAN_HALT }, async () => {
    child.halt();
    const { pid } = child;
    await child.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});
