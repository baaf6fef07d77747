import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALERT_IDS, type AlertId, conditionOf } from '../../../src/ops/alerts/conditions.js';

describe('the table of conditions', () => {
  test('has ids that are names of Prometheus rules in small letters', () => {
    for (const id of ALERT_IDS) assert.match(id, /^[a-z]+(-[a-z]+)+$/);
  });

  test('names only conditions that stand above as implying others, and none about a block', () => {
    for (const [index, id] of ALERT_IDS.entries()) {
      for (const other of conditionOf(id).impliedBy ?? []) {
        const at = ALERT_IDS.indexOf(other as AlertId);
        assert.ok(at >= 0 && at < index, `${id}: ${other}`);
        assert.ok(conditionOf(other as AlertId).aboutBlock !== true);
      }
    }
  });

  test('has in each of its words a whole sentence or a clause, without a line break', () => {
    for (const id of ALERT_IDS) {
      const { title, raised, recovers, remedy } = conditionOf(id);
      for (const text of [title, raised, recovers, remedy]) assert.match(text, /^[^\n|]+$/);
      assert.match(remedy, /^[A-Z].*[.?]$/);
      for (const clause of [raised, recovers]) assert.doesNotMatch(clause, /\.$/);
    }
  });
});
