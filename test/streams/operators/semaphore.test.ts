import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concat, EMPTY, finalize, NEVER, Observable, of, Subject, Subscription, take, throwError } from 'rxjs';
import { Semaphore, withPermit } from '../../../src/streams/operators/semaphore.js';
import { gather } from '../../support/gather.js';
import { marbles } from '../../support/virtual-time.js';

/** A semaphore that a stream releases with the value `t`. */
const semaphore = (permits: number) => new Semaphore<string>(permits, (value) => value === 't');

/** Streams by name, and in which order they were subscribed to. */
class Streams {
  readonly began: string[] = [];
  readonly ends: string[] = [];
  private readonly sources = new Map<string, Subject<string>>();
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(private readonly semaphore: Semaphore<string>) {}

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
        seen$.pipe(withPermit(this.semaphore)).subscribe({
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

  leave(name: string): void {
    this.subscriptions.get(name)?.unsubscribe();
  }

  do(deed: Deed['kind'], name: string): void {
    if (deed === 'come') this.come(name);
    else if (deed === 'pass') this.pass(name);
    else if (deed === 'end') this.end(name);
    else this.leave(name);
  }
}

const DEEDS = ['come', 'come', 'pass', 'end', 'leave'] as const;
interface Deed {
  readonly kind: (typeof DEEDS)[number];
  readonly who: number;
}

describe('a semaphore', () => {
  it('grants as many permits at once as it has, and another when one is released', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const limit = semaphore(2);
      const sources = ['--at-b|', '---t---|', 'a-t|', 'a|'].map((source) => cold(source));
      const results = ['--at-b|', '---t---|', '---a-t|', '---a|'];
      const subscriptions = ['^-----!', '^------!', '---^--!', '---^!'];
      sources.forEach((source$, i) => {
        expectObservable(source$.pipe(withPermit(limit))).toBe(results[i] ?? '');
        expectSubscriptions(source$.subscriptions).toBe(subscriptions[i] ?? '');
      });
    });
  });

  it('is first come, first served', () => {
    const streams = new Streams(semaphore(2));
    streams.come('a', 'b', 'c', 'd', 'e');
    assert.deepEqual(streams.began, ['a', 'b']);
    streams.pass('b');
    assert.deepEqual(streams.began, ['a', 'b', 'c']);
    streams.come('f');
    streams.end('a');
    streams.fail('c');
    assert.deepEqual(streams.began, ['a', 'b', 'c', 'd', 'e']);
    streams.leave('d');
    assert.deepEqual(streams.began, ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(streams.ends, ['a done', 'c failed']);
  });

  it('counts one release per permit: a release, an end and an unsubscription after it let in one stream', () => {
    const streams = new Streams(semaphore(1));
    streams.come('a', 'b', 'c', 'd');
    streams.pass('a');
    streams.pass('a');
    streams.end('a');
    streams.leave('a');
    assert.deepEqual(streams.began, ['a', 'b']);
    streams.leave('b');
    streams.end('b');
    assert.deepEqual(streams.began, ['a', 'b', 'c']);
  });

  it('never starts a stream that was unsubscribed while it waited', () => {
    const streams = new Streams(semaphore(1));
    streams.come('a', 'b', 'c');
    streams.leave('b');
    streams.end('a');
    assert.deepEqual(streams.began, ['a', 'c']);
    streams.leave('b');
    streams.end('c');
    streams.come('d');
    assert.deepEqual(streams.began, ['a', 'c', 'd']);
  });

  it('holds no permit for a stream that ends, fails or releases as soon as it starts', () => {
    const limit = semaphore(1);
    const results = [
      EMPTY,
      of('a', 'b'),
      throwError(() => new Error('at once')),
      concat(of('t'), NEVER),
      of('t', 't'),
    ].map((source$) => {
      const reported: string[] = [];
      source$.pipe(withPermit(limit)).subscribe({
        next: (value) => reported.push(value),
        error: () => reported.push('error'),
        complete: () => reported.push('end'),
      });
      return reported.join(' ');
    });
    assert.deepEqual(results, ['end', 'a b end', 'error', 't', 't t end']);
    assert.deepEqual(gather(of('free').pipe(withPermit(limit))).values, ['free']);
  });

  it('grants to all that wait when each of them releases at once', () => {
    const limit = semaphore(1);
    const first = gather(NEVER.pipe(withPermit(limit)));
    const others = Array.from({ length: 500 }, (_, i) =>
      gather(concat(of(`${i}`, 't'), NEVER).pipe(withPermit(limit))),
    );
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

  it('takes back the permit of a stream whose first value unsubscribes it', () => {
    const limit = semaphore(1);
    let cleaned = 0;
    const chatty$ = concat(of('a', 'b'), NEVER).pipe(
      finalize(() => {
        cleaned += 1;
      }),
    );
    assert.deepEqual(gather(chatty$.pipe(withPermit(limit), take(1))).values, ['a']);
    assert.equal(cleaned, 1);
    // Likewise when it had to wait before.
    const first = gather(NEVER.pipe(withPermit(limit)));
    const second = gather(chatty$.pipe(withPermit(limit), take(1)));
    first.stop();
    assert.deepEqual([second.values, second.completed, cleaned], [['a'], true, 2]);
    assert.deepEqual(gather(of('free').pipe(withPermit(limit))).values, ['free']);
  });

  it('stays right when a stream leaves or comes while another is granted a permit', () => {
    const limit = semaphore(1);
    const began: string[] = [];
    const late: { stop(): void }[] = [];
    const named = (name: string, also: () => void = () => undefined) =>
      new Observable<string>(() => {
        began.push(name);
        also();
      }).pipe(withPermit(limit));
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

  it('behaves as a queue for so many permits, whatever comes and goes', () => {
    const deeds = fc.array(fc.record<Deed>({ kind: fc.constantFrom(...DEEDS), who: fc.nat({ max: 30 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), deeds, (places, all) => {
        const streams = new Streams(semaphore(places));
        const model = new Model(places);
        for (const { kind, who } of all) {
          const name = kind === 'come' ? `${model.came}` : `${who}`;
          streams.do(kind, name);
          model.sees(kind, name);
          assert.deepEqual(streams.began, model.began);
        }
      }),
    );
  });
});

/** The same, written naively. */
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
    } else if (kind === 'leave') {
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
