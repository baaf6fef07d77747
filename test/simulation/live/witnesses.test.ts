/**
 * What the witnesses of the real relay say of a block's way through a network of 150 coarse nodes, against when each node had it: the
 * simulator knows. docs/witnesses.md has the figures.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadX11 } from '../../../src/block/x11.js';
import type { RelayEvent } from '../../../src/contracts/events.js';
import type { Sight } from '../../../src/contracts/propagation.js';
import { FullForm } from '../../../src/simulation/live/full-form.js';
import type { SimBlock } from '../../../src/simulation/network/block.js';
import type { NodeId } from '../../../src/simulation/network/plan.js';
import { DrawnNetwork, EXACT } from './drawn-network.js';
import { hashOf } from './support.js';
import { type Fate, TappedDial } from './tapped-dial.js';

const WITNESSES = 8;
const BLOCK_BYTES = 12_000;
const MICROS = 1_000;
/** Until every witness has spoken, and the block is judged. */
const JUDGED_MS = 15_000;

before(loadX11);

interface Measured {
  readonly hash: string;
  readonly medianMs: number;
  readonly sights: readonly Sight[];
  /** When half of all nodes had it, and half of the witnesses, ms since the block's origin. */
  readonly trueMs: number;
  readonly trueOfWitnessesMs: number;
  /** By witness. */
  readonly trueSights: ReadonlyMap<string, number>;
}

class Run {
  private tip: SimBlock | undefined;
  private times = new Map<NodeId, number>();

  private constructor(
    private readonly drawn: DrawnNetwork,
    readonly live: FullForm,
    readonly tap: TappedDial,
  ) {
    drawn.network.listen((node, _block, at) => this.times.set(node, at / MICROS));
  }

  static async start(seed: number): Promise<Run> {
    const drawn = new DrawnNetwork(seed, EXACT);
    const tap = new TappedDial((ms, go) => drawn.engine.after(ms * MICROS, go));
    const { engine, carrier, network, plan, random } = drawn;
    const form = await FullForm.start({
      ...{ engine, carrier, network, plan, random: random.fork('full') },
      flags: { 'witnesses-count': String(WITNESSES) },
      wrap: (ports) => ({ ...ports, dial: tap.around(ports.dial) }),
    });
    const run = new Run(drawn, form, tap);
    assert.ok(await form.driver.until(() => run.report.connected === WITNESSES, 120_000), 'eight witnesses');
    // Their round trips are measured.
    await form.driver.run(5_000);
    return run;
  }

  get report() {
    const report = this.live.relay.current?.view.witnesses?.();
    assert.ok(report !== undefined);
    return report;
  }

  get names(): readonly string[] {
    return this.report.witnesses.map(({ peer }) => peer);
  }

  get events(): readonly RelayEvent[] {
    return this.live.relay.records.map(({ event }) => event);
  }

  lost(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'witness' && event.state === 'lost' ? [event.code] : []));
  }

  /** A block is found, by the pool or by a node, and measured. @param said what witnesses say of it at once */
  async measure(finder: 'pool' | NodeId, said: (hash: string) => void = () => undefined): Promise<Measured> {
    const { drawn, live } = this;
    const block = this.tip === undefined ? drawn.found() : drawn.network.newBlock(this.tip, BLOCK_BYTES);
    this.tip = block;
    this.times = new Map();
    const raw = live.rawOf(block);
    const hash = hashOf(raw);
    const foundAt = drawn.engine.now / MICROS;
    if (finder === 'pool') live.pool.push(raw);
    else drawn.network.node(finder).submit(block);
    said(hash);
    await live.driver.run(JUDGED_MS);
    const judged = this.events.flatMap((event) => (event.type === 'propagation' && event.hash === hash ? [event] : []));
    assert.equal(judged.length, 1, 'one event a block');
    assert.ok(
      live.relay.published.some((text) => text === JSON.stringify(judged[0])),
      'on the events socket as well',
    );
    const { medianMs = Number.NaN, sights = [] } = judged[0] ?? {};
    assert.equal(judged[0]?.own, finder === 'pool');
    const trueSights = new Map(
      [...this.times].flatMap(([node, at]): [string, number][] => {
        const place = live.placeOf(node);
        return sights.some(({ peer }) => peer === place) ? [[place, at - foundAt]] : [];
      }),
    );
    assert.equal(this.times.size, drawn.plan.nodes.length, 'all nodes have it');
    return {
      ...{ hash, medianMs, sights, trueSights },
      trueMs: half([...this.times.values()].map((at) => at - foundAt)),
      trueOfWitnessesMs: half([...trueSights.values()]),
    };
  }

  /** A block of the pool's, while a witness's announcements come late or never. */
  async measureWith(peer: string, fate: Fate): Promise<Measured> {
    this.tap.announcements(peer, fate);
    const measured = await this.measure('pool');
    this.tap.announcements(peer, undefined);
    return measured;
  }

  /** Bytes of blocks that the relay wrote to witnesses. */
  get blocksToWitnesses(): number {
    return this.tap.written(this.names, ['block', 'cmpctblock', 'blocktxn']);
  }
}

/** The time when half of them had it. */
function half(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length / 2) - 1] ?? Number.NaN;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const worst = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe('eight witnesses among 150 nodes', () => {
  test('say when each of them had a block, and so when half of the network had it', async (t) => {
    const run = await Run.start(1);
    const own = [await run.measure('pool'), await run.measure('pool'), await run.measure('pool')];
    const errors = own.flatMap(({ sights, trueSights }) =>
      sights.map(({ peer, seenMs = Number.NaN }) => seenMs - (trueSights.get(peer) ?? Number.NaN)),
    );
    assert.equal(errors.length, own.length * WITNESSES);
    assert.ok(worst(errors) < 5, `a witness had it ${worst(errors)} ms from when it is said to`);
    for (const { medianMs, trueOfWitnessesMs } of own) assert.ok(Math.abs(medianMs - trueOfWitnessesMs) < 5);
    const others = [await run.measure(40), await run.measure(90)];
    for (const { sights } of others) assert.ok(sights.every(({ state }) => state === 'counted'));
    assert.deepEqual(run.lost(), []);
    assert.equal(run.blocksToWitnesses, 0, 'nothing of a block was ever written to one');
    assert.equal(run.live.relay.current?.peers.size, 20, 'the broadcast has all of its peers');
    t.diagnostic(`each witness: ${worst(errors).toFixed(2)} ms at most from the truth`);
    for (const [whose, blocks] of Object.entries({ own, others })) {
      const show = (pick: (block: Measured) => number) => mean(blocks.map(pick)).toFixed(1);
      t.diagnostic(
        `${whose}: ${show((b) => b.medianMs)} ms measured, ${show((b) => b.trueOfWitnessesMs)} true of the witnesses, ${show((b) => b.trueMs)} of all nodes`,
      );
    }

    // One of them is wrong, of each kind for a block.
    const [one = ''] = run.names;
    const wrong: Readonly<Record<string, Measured>> = {
      early: await run.measure('pool', (hash) => run.tap.announce(one, [hash])),
      slow: await run.measureWith(one, { delayMs: 5_000 }),
      silent: await run.measureWith(one, 'dropped'),
    };
    for (const [kind, { medianMs, trueOfWitnessesMs, trueSights }] of Object.entries(wrong)) {
      const times = [...trueSights.values()].toSorted((a, b) => a - b);
      const at = times.indexOf(trueOfWitnessesMs);
      const [low = 0, high = Number.NaN] = [times[at - 1], times[at + 1]];
      assert.ok(medianMs > low - 1 && medianMs < high + 1, `${kind}: no further than the next witness`);
      t.diagnostic(`one is ${kind}: ${medianMs.toFixed(1)} ms measured, ${trueOfWitnessesMs.toFixed(1)} true`);
    }
    assert.deepEqual(run.lost(), [], 'once is no reason');
  });

  test('stay between the times of honest ones while three lie, are slow or say nothing, until these are replaced', async (t) => {
    const run = await Run.start(2);
    const before = run.names;
    const [early = '', slow = '', silent = ''] = before;
    const fates: Readonly<Record<string, Fate>> = { [slow]: { delayMs: 5_000 }, [silent]: 'dropped' };
    for (const [peer, fate] of Object.entries(fates)) run.tap.announcements(peer, fate);
    const blocks: Measured[] = [];
    for (let n = 0; n < 3; n += 1) blocks.push(await run.measure('pool', (hash) => run.tap.announce(early, [hash])));
    for (const { medianMs, trueSights } of blocks) {
      const honest = [...trueSights].filter(([peer]) => ![early, slow, silent].includes(peer)).map(([, at]) => at);
      assert.ok(medianMs > Math.min(...honest) - 5 && medianMs < Math.max(...honest) + 5);
    }
    assert.deepEqual(run.lost().toSorted(), ['early', 'silent', 'slow']);
    t.diagnostic(
      `${blocks.map((b) => b.medianMs.toFixed(1)).join(', ')} ms measured, ${blocks.map((b) => b.trueOfWitnessesMs.toFixed(1)).join(', ')} with honest ones`,
    );

    // One of those that are left invents thousands of blocks.
    assert.ok(await run.live.driver.until(() => run.report.connected === WITNESSES, 120_000), 'others in their place');
    const inventor = before[4] ?? '';
    const invented = Array.from({ length: 4_000 }, (_, n) => (n + 1).toString(16).padStart(64, '0'));
    const flooded = await run.measure('pool', () => run.tap.announce(inventor, invented));
    assert.ok(Math.abs(flooded.medianMs - flooded.trueOfWitnessesMs) < 40);
    assert.ok(run.lost().some((code) => code === 'unknown-blocks' || code === 'disconnected'));
    assert.ok(!run.names.includes(inventor));
  });
});
