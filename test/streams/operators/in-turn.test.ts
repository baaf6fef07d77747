import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concat, EMPTY, finalize, NEVER, Observable, of, Subject, Subscription, take, throwError } from 'rxjs';
import { inTurn, Turnstile } from '../../../src/streams/operators/in-turn.js';
import { gather } from '../../support/gather.js';
import { marbles } from '../../support/virtual-time.js';

/** A turnstile that needs a place no longer from the value `t` on. */
const turnstile = (places: number) => new Turnstile<string>(places, (value) => value === 't');

/** Streams by name, and in which order they were subscribed to. */
class Visitors {
  readonly began: string[] = [];
  readonly ends: string[] = [];
  private readonly sources = new Map<string, Subject<string>>();
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(private readonly gate: Turnstile<string>) {}

  come(...names: readonly string[]): void {
    for (const name of names) {
      const source$ = new Subject<string>();
      this.sources.set(name, source$);
      const seen$ = new Observable<string>((subscriber) => {
        this.began.push(name);
        return source$.subscribe(subscriber);
      });
      const subscription = new Subscription();
      this.subscriptions.set(name, subscription);
      subscription.add(
        seen$.pipe(inTurn(this.gate)).subscribe({
          complete: () => this.ends.push(`${name} done`),
          error: () => this.ends.push(`${name} failed`),
        }),
      );
    }
  }

  pass(name: string): void {
    this.sources.get(name)?.next('t');
  }

  end(name: string): void {
    this.sources.get(name)?.complete();
  }

  fail(name: string): void {
    this.sources.get(name)?.error(new Error(name));
  }

  walkAway(name: string): void {
    this.subscriptions.get(name)?.unsubscribe();
  }

  do(deed: Deed['kind'], name: string): void {
    if (deed === 'come') this.come(name);
    else if (deed === 'pass') this.pass(name);
    else if (deed === 'end') this.end(name);
    else this.walkAway(name);
  }
}

const DEEDS = ['come', 'come', 'pass', 'end', 'walk away'] as const;
interface Deed {
  readonly kind: (typeof DEEDS)[number];
  readonly who: number;
}

describe('in turn', () => {
  it('lets as many in at once as there are places, and the others when one is through', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const gate = turnstile(2);
      const sources = ['--at-b|', '---t---|', 'a-t|', 'a|'].map((source) => cold(source));
      const results = ['--at-b|', '---t---|', '---a-t|', '---a|'];
      const subscriptions = ['^-----!', '^------!', '---^--!', '---^!'];
      sources.forEach((source$, i) => {
        expectObservable(source$.pipe(inTurn(gate))).toBe(results[i] ?? '');
        expectSubscriptions(source$.subscriptions).toBe(subscriptions[i] ?? '');
      });
    });
  });

  it('is first come, first served', () => {
    const visitors = new Visitors(turnstile(2));
    visitors.come('a', 'b', 'c', 'd', 'e');
    assert.deepEqual(visitors.began, ['a', 'b']);
    visitors.pass('b');
    assert.deepEqual(visitors.began, ['a', 'b', 'c']);
    visitors.come('f');
    visitors.end('a');
    visitors.fail('c');
    assert.deepEqual(visitors.began, ['a', 'b', 'c', 'd', 'e']);
    visitors.walkAway('d');
    assert.deepEqual(visitors.began, ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(visitors.ends, ['a done', 'c failed']);
  });

  it('gives a place up once: being through, ending and walking away after that let nobody else in', () => {
    const visitors = new Visitors(turnstile(1));
    visitors.come('a', 'b', 'c', 'd');
    visitors.pass('a');
    visitors.pass('a');
    visitors.end('a');
    visitors.walkAway('a');
    assert.deepEqual(visitors.began, ['a', 'b']);
    visitors.walkAway('b');
    visitors.end('b');
    assert.deepEqual(visitors.began, ['a', 'b', 'c']);
  });

  it('never begins one that walked away while it waited', () => {
    const visitors = new Visitors(turnstile(1));
    visitors.come('a', 'b', 'c');
    visitors.walkAway('b');
    visitors.end('a');
    assert.deepEqual(visitors.began, ['a', 'c']);
    visitors.walkAway('b');
    visitors.end('c');
    visitors.come('d');
    assert.deepEqual(visitors.began, ['a', 'c', 'd']);
  });

  it('holds no place for what ends, fails or is through as soon as it begins', () => {
    const gate = turnstile(1);
    const results = [
      EMPTY,
      of('a', 'b'),
      throwError(() => new Error('at once')),
      concat(of('t'), NEVER),
      of('t', 't'),
    ].map((source$) => {
      const told: string[] = [];
      source$.pipe(inTurn(gate)).subscribe({
        next: (value) => told.push(value),
        error: () => told.push('error'),
        complete: () => told.push('end'),
      });
      return told.join(' ');
    });
    assert.deepEqual(results, ['end', 'a b end', 'error', 't', 't t end']);
    assert.deepEqual(gather(of('free').pipe(inTurn(gate))).values, ['free']);
  });

  it('lets all that wait through when each of them is through at once', () => {
    const gate = turnstile(1);
    const first = gather(NEVER.pipe(inTurn(gate)));
    const others = Array.from({ length: 500 }, (_, i) => gather(concat(of(`${i}`, 't'), NEVER).pipe(inTurn(gate))));
    assert.equal(
      others.some(({ values }) => values.length > 0),
      false,
    );
    first.stop();
    assert.deepEqual(
      others.map(({ values }) => values),
      others.map((_, i) => [`${i}`, 't']),
    );
  });

  it('frees the place of one that is unsubscribed from by what it says as it begins', () => {
    const gate = turnstile(1);
    let cleaned = 0;
    const chatty$ = concat(of('a', 'b'), NEVER).pipe(
      finalize(() => {
        cleaned += 1;
      }),
    );
    assert.deepEqual(gather(chatty$.pipe(inTurn(gate), take(1))).values, ['a']);
    assert.equal(cleaned, 1);
    // Likewise when it had to wait before.
    const first = gather(NEVER.pipe(inTurn(gate)));
    const second = gather(chatty$.pipe(inTurn(gate), take(1)));
    first.stop();
    assert.deepEqual([second.values, second.completed, cleaned], [['a'], true, 2]);
    assert.deepEqual(gather(of('free').pipe(inTurn(gate))).values, ['free']);
  });

  it('is not confused by one that leaves, or comes, while another is let in', () => {
    const gate = turnstile(1);
    const began: string[] = [];
    const late: { stop(): void }[] = [];
    const named = (name: string, also: () => void = () => undefined) =>
      new Observable<string>(() => {
        began.push(name);
        also();
      }).pipe(inTurn(gate));
    const first = gather(named('a'));
    const second = gather(
      named('b', () => {
        third.stop();
        late.push(gather(named('e')));
      }),
    );
    const third = gather(named('c'));
    gather(named('d'));
    first.stop();
    assert.deepEqual(began, ['a', 'b']);
    second.stop();
    assert.deepEqual(began, ['a', 'b', 'd']);
    assert.equal(late.length, 1);
  });

  it('behaves as a queue before so many places, whatever comes and goes', () => {
    const deeds = fc.array(fc.record<Deed>({ kind: fc.constantFrom(...DEEDS), who: fc.nat({ max: 30 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), deeds, (places, all) => {
        const visitors = new Visitors(turnstile(places));
        const model = new Model(places);
        for (const { kind, who } of all) {
          const name = kind === 'come' ? `${model.came}` : `${who}`;
          visitors.do(kind, name);
          model.sees(kind, name);
          assert.deepEqual(visitors.began, model.began);
        }
      }),
    );
  });
});

/** The same, told naively. */
class Model {
  readonly began: string[] = [];
  came = 0;
  private inside: string[] = [];
  private waiting: string[] = [];
  private readonly over = new Set<string>();

  constructor(private readonly places: number) {}

  sees(kind: Deed['kind'], name: string): void {
    if (kind === 'come') {
      this.came += 1;
      this.waiting.push(name);
    } else if (this.inside.includes(name)) {
      this.inside = this.inside.filter((one) => one !== name);
    } else if (kind === 'walk away') {
      this.waiting = this.waiting.filter((one) => one !== name);
    } else if (kind === 'end' && this.waiting.includes(name)) {
      // It will be over as soon as it begins.
      this.over.add(name);
    }
    while (this.inside.length < this.places && this.waiting.length > 0) this.admit(this.waiting.shift() ?? '');
  }

  private admit(name: string): void {
    this.began.push(name);
    if (!this.over.has(name)) this.inside.push(name);
  }
}
