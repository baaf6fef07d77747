import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Paths } from '../../../src/simulation/faults/paths.js';

describe('Paths that are cut', () => {
  function open() {
    const cuts = new Set<string>();
    const transport = {
      cut(a: number, b: number) {
        cuts.add(`${a}-${b}`);
        return () => void cuts.delete(`${a}-${b}`);
      },
    };
    return { cuts, paths: new Paths(transport, 7, [8, 9]) };
  }

  it('are asked for once each, from home where that is an end, and home to itself as well', () => {
    const { paths } = open();
    const asked: string[] = [];
    paths.cut((from, to) => {
      asked.push(`${from}-${to}`);
      return false;
    });
    assert.deepEqual(asked, ['home-home', 'home-0', 'home-1', '0-0', '0-1', '1-1']);
  });

  it('are those that were asked for, until they are opened', () => {
    const { paths, cuts } = open();
    const heal = paths.cut((from, to) => from === 'home' && to === 1);
    const healOthers = paths.cut((from, to) => from === 0 && to === 1);
    assert.deepEqual([...cuts], ['7-9', '8-9']);
    heal();
    assert.deepEqual([...cuts], ['8-9']);
    healOthers();
    assert.equal(cuts.size, 0);
  });
});
