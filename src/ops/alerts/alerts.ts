/**
 * Alerts: what the relay tells goes into the engine, what the engine has to say goes into the outbox of each channel. Of all that, only taking
 * note happens in the relay's own turn; the rest waits for a turn of its own.
 */
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import type { AlertsConfig } from '../../config/config.js';
import type { RelayEvent } from '../../contracts/events.js';
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
  /** Takes note. Never throws, never waits. */
  listen(event: RelayEvent): void;
  /** Takes other settings: channels are exchanged, what stands and what waits to be sent is kept. */
  reload(config: AlertsConfig): void;
  /** Tries to send what waits, for 3 s at most; what could not be sent is told as `dropped`. Nothing is listened to any more. */
  stop(): Promise<void>;
  /** Alerts that were raised and have not been resolved, with or without channels to tell them. */
  readonly standing: readonly StandingAlert[];
}

export interface AlertsDeps extends Sender {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler?: SchedulerLike;
  /** Told what became of each message. Must not throw. */
  readonly onOutcome: (outcome: AlertOutcome) => void;
  readonly rest?: Rest;
  /** How messages are carried; a test puts others here. */
  readonly open?: (config: AlertsConfig, deps: Sender & { readonly clock: Clock }) => readonly Transport[];
}

/** However much happens, what comes of it is looked at no more often. */
const LOOK_EVERY_MS = 100;
const STOP_WITHIN_MS = 3 * SECOND_MS;

export function createAlerts(config: AlertsConfig, deps: AlertsDeps): Alerts {
  const { clock, random, scheduler = asyncScheduler, onOutcome, open = openTransports } = deps;
  const engine = new Engine(config.repeatAfter * SECOND_MS);
  const channelDeps = { ...deps, scheduler };
  const channels = new Map<ChannelName, Channel>();
  const closing = new Set<Promise<void>>();
  let settings = config;
  let look: { readonly at: number; readonly timer: Subscription } | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isStopping = false;
  let stopped: Promise<void> | undefined;

  for (const transport of open(config, deps)) addChannel(transport);

  function addChannel(transport: Transport): void {
    channels.set(transport.name, new Channel(transport, settings.maxPerHour, channelDeps));
  }

  function lookAt(at: number): void {
    if (look !== undefined && look.at <= at) return;
    look?.timer.unsubscribe();
    const delayMs = Math.max(0, Math.ceil(at - clock.monotonic()));
    look = { at, timer: scheduler.schedule(lookNow, delayMs) };
  }

  function lookNow(): void {
    look = undefined;
    lookedAt = clock.monotonic();
    const { notices, forgotten } = engine.tell(lookedAt, clock.now());
    for (const notice of notices) {
      const id = messageId(random);
      for (const channel of channels.values()) channel.put(notice, id);
    }
    if (forgotten > 0) {
      const detail = `${forgotten} alerts about blocks: too many at once`;
      for (const channel of channels.keys()) onOutcome({ channel, outcome: 'dropped', detail });
    }
    const due = engine.nextDue();
    // Timers cannot be set for months; looking once an hour for nothing costs nothing.
    if (due !== undefined) lookAt(Math.min(due, lookedAt + HOUR_MS));
  }

  function closeLater(closed: Promise<void>): void {
    const tracked = closed.finally(() => closing.delete(tracked));
    closing.add(tracked);
  }

  /** Keeps the channels whose settings are the same, so that what they have under way is not cut off. */
  function exchange(next: AlertsConfig): void {
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
    look?.timer.unsubscribe();
    lookNow();
    look?.timer.unsubscribe();
    let enough: Subscription | undefined;
    const deadline = new Promise((resolve) => {
      enough = scheduler.schedule(resolve, STOP_WITHIN_MS);
    });
    await Promise.all([...channels.values()].map((channel) => channel.stop(deadline)));
    await Promise.all(closing);
    enough?.unsubscribe();
  }

  return {
    listen(event) {
      if (isStopping) return;
      const now = clock.monotonic();
      if (engine.note(event, now)) lookAt(Math.max(now, lookedAt + LOOK_EVERY_MS));
    },
    reload(next) {
      if (isStopping) return;
      exchange(next);
      settings = next;
      engine.repeatAfterMs = next.repeatAfter * SECOND_MS;
      lookAt(clock.monotonic());
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
