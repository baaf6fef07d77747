/**
 * Alerts: events go into the engine, its notices go into the outbox of each channel (webhook, Telegram).
 *
 * `listen` only notes the event, O(1). Conditions are evaluated in later turns of the event loop, at most every {@link EVALUATE_EVERY_MS}. Bounded:
 * waiting messages per channel, remembered blocks and peers, messages per hour.
 */

import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import type { AlertsConfig } from '../../config/config.js';
import type { RelayEvent } from '../../contracts/events.js';
import { SENDING } from '../../messages/alerts.js';
import { fill } from '../../messages/fill.js';
import { type Clock, HOUR_MS, type Random, SECOND_MS } from '../../time.js';
import { type AlertOutcome, Channel, type Rest } from './channel.js';
import { Engine } from './engine.js';
import { type StandingAlert, testNotice } from './notice.js';
import { createTelegram } from './telegram.js';
import type { ChannelName, Sender, Transport } from './transport.js';
import { createWebhook } from './webhook.js';

export type { AlertOutcome } from './channel.js';
export type { StandingAlert } from './notice.js';

export interface Alerts {
  /** Notes an event. Never throws, never waits. */
  listen(event: RelayEvent): void;
  /** Applies other settings: replaces channels; keeps active alerts and waiting messages. */
  reload(config: AlertsConfig): void;
  /** Tries to send waiting messages for at most 3 s; the others are reported as `dropped`. Later events are ignored. */
  stop(): Promise<void>;
  /** Alerts that were raised and are not resolved, with or without channels. */
  readonly standing: readonly StandingAlert[];
}

export interface AlertsDeps extends Sender {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler?: SchedulerLike;
  /** Called with the outcome of each message. Must not throw. */
  readonly onOutcome: (outcome: AlertOutcome) => void;
  readonly rest?: Rest;
  /** Creates the transports; replaced in tests. */
  readonly open?: (config: AlertsConfig, deps: Sender & { readonly clock: Clock }) => readonly Transport[];
}

/** Shortest interval between two evaluations of the conditions. */
const EVALUATE_EVERY_MS = 100;
const STOP_WITHIN_MS = 3 * SECOND_MS;

export function createAlerts(config: AlertsConfig, deps: AlertsDeps): Alerts {
  const { clock, random, scheduler = asyncScheduler, onOutcome, open = openTransports } = deps;
  const engine = new Engine(config.repeatAfter * SECOND_MS);
  const channelDeps = { ...deps, scheduler };
  const channels = new Map<ChannelName, Channel>();
  const closing = new Set<Promise<void>>();
  let settings = config;
  let scheduled: { readonly at: number; readonly timer: Subscription } | undefined;
  let evaluatedAt = Number.NEGATIVE_INFINITY;
  let isStopping = false;
  let stopped: Promise<void> | undefined;

  for (const transport of open(config, deps)) addChannel(transport);

  function addChannel(transport: Transport): void {
    channels.set(transport.name, new Channel(transport, settings.maxPerHour, channelDeps));
  }

  function scheduleEvaluation(at: number): void {
    if (scheduled !== undefined && scheduled.at <= at) return;
    scheduled?.timer.unsubscribe();
    const delayMs = Math.max(0, Math.ceil(at - clock.monotonic()));
    scheduled = { at, timer: scheduler.schedule(evaluateNow, delayMs) };
  }

  function evaluateNow(): void {
    scheduled = undefined;
    evaluatedAt = clock.monotonic();
    const { notices, forgotten } = engine.evaluate(evaluatedAt, clock.now());
    for (const notice of notices) {
      const id = messageId(random);
      for (const channel of channels.values()) channel.put(notice, id);
    }
    if (forgotten > 0) {
      const detail = fill(SENDING.suppressed, { count: forgotten });
      for (const channel of channels.keys()) onOutcome({ channel, outcome: 'dropped', detail });
    }
    const due = engine.nextDue();
    // A timer is limited to 24 days; an evaluation per hour costs nothing.
    if (due !== undefined) scheduleEvaluation(Math.min(due, evaluatedAt + HOUR_MS));
  }

  function closeLater(closed: Promise<void>): void {
    const tracked = closed.finally(() => closing.delete(tracked));
    closing.add(tracked);
  }

  /** Keeps channels with unchanged settings, so that their requests are not aborted. */
  function replaceChannels(next: AlertsConfig): void {
    const isSame = (name: ChannelName) => JSON.stringify(next[name]) === JSON.stringify(settings[name]);
    const transports = open(next, deps);
    for (const transport of transports) {
      const channel = channels.get(transport.name);
      if (channel === undefined) addChannel(transport);
      else if (isSame(transport.name)) closeLater(transport.close());
      else closeLater(channel.reload(transport));
    }
    for (const [name, channel] of channels) {
      channel.resize(next.maxPerHour);
      if (transports.some((transport) => transport.name === name)) continue;
      channels.delete(name);
      closeLater(channel.stop(Promise.resolve()));
    }
  }

  async function shutDown(): Promise<void> {
    isStopping = true;
    scheduled?.timer.unsubscribe();
    evaluateNow();
    scheduled?.timer.unsubscribe();
    let deadlineTimer: Subscription | undefined;
    const deadline = new Promise((resolve) => {
      deadlineTimer = scheduler.schedule(resolve, STOP_WITHIN_MS);
    });
    await Promise.all([...channels.values()].map((channel) => channel.stop(deadline)));
    await Promise.all(closing);
    deadlineTimer?.unsubscribe();
  }

  return {
    listen(event) {
      if (isStopping) return;
      const now = clock.monotonic();
      if (engine.note(event, now)) scheduleEvaluation(Math.max(now, evaluatedAt + EVALUATE_EVERY_MS));
    },
    reload(next) {
      if (isStopping) return;
      replaceChannels(next);
      settings = next;
      engine.repeatAfterMs = next.repeatAfter * SECOND_MS;
      scheduleEvaluation(clock.monotonic());
    },
    stop() {
      stopped ??= shutDown();
      return stopped;
    },
    get standing() {
      return engine.standing(clock.monotonic(), clock.now());
    },
  };
}

export interface TestResult {
  readonly channel: ChannelName;
  readonly ok: boolean;
  /** Without secrets. */
  readonly detail: string;
}

export interface TestDeps extends Sender {
  readonly clock: Clock;
  readonly random: Random;
  /** How long each channel may take, milliseconds. */
  readonly timeoutMs?: number;
}

/** Sends a test message through each channel, once. @returns nothing when no channel is configured */
export async function sendTestAlert(config: AlertsConfig, deps: TestDeps): Promise<readonly TestResult[]> {
  const notice = testNotice(deps.clock.now());
  return Promise.all(
    openTransports(config, deps).map(async (transport) => {
      const envelope = { notice, id: messageId(deps.random), leftOut: 0 };
      const { ok, detail } = await transport.send(envelope, new AbortController().signal);
      await transport.close();
      return { channel: transport.name, ok, detail };
    }),
  );
}

function openTransports(
  { webhook, telegram }: AlertsConfig,
  deps: Sender & { readonly clock: Clock; readonly timeoutMs?: number },
): readonly Transport[] {
  return [
    ...(webhook === undefined ? [] : [createWebhook(webhook, deps)]),
    ...(telegram === undefined ? [] : [createTelegram(telegram, deps)]),
  ];
}

/** 128 bits: unique, not secret. */
function messageId(random: Random): string {
  return [random.u64(), random.u64()].map((part) => part.toString(16).padStart(16, '0')).join('');
}
