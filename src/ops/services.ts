/**
 * The operations services: log, metrics, HTTP service and alerts, behind one interface. Each receives every event; none can delay the relay.
 * Their own state changes are emitted as `service` events.
 */

import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type SchedulerLike, Subject } from 'rxjs';
import { pause, retryUntil } from '../common/retry.js';
import type { Config } from '../config/config.js';
import type { RelayEvent, ServiceEvent } from '../contracts/events.js';
import type { RelayView } from '../contracts/view.js';
import { fillLine } from '../messages/fill.js';
import { PROGRAM_MESSAGES } from '../messages/program.js';
import { type Clock, type Random, SECOND_MS } from '../time.js';
import { type AlertOutcome, createAlerts } from './alerts/alerts.js';
import type { Sender } from './alerts/transport.js';
import type { HttpFault, HttpOpened, HttpService } from './http/http.js';
import { canListen } from './http/server.js';
import { createEventLog } from './log-events.js';
import type { Logger } from './logger.js';
import { createMetrics } from './metrics.js';
import { Status } from './status.js';

export interface Services {
  /** Must be called with every event of the relay, from the first. Never throws, never waits. */
  listen(event: RelayEvent): void;
  /**
   * Starts the HTTP service for a running relay. When its address is in use, emits an event once and retries every second.
   * @returns its URL; undefined when it is not open yet, or disabled
   */
  open(view: RelayView): Promise<string | undefined>;
  /** Applies the settings that can change while the relay runs: the log level and the alert channels. */
  reload(config: Config): void;
  /** The relay no longer accepts blocks: `/readyz` says so. */
  drain(): void;
  /** Closes the HTTP service and sends pending alerts, within a few seconds. */
  close(): Promise<void>;
}

export interface ServicesDeps {
  readonly logger: Logger;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler?: SchedulerLike;
  /** How alerts reach their receivers; absent: directly. */
  readonly alertRoute?: Sender['connect'];
  /** Where `npm run build` puts the dashboard. */
  readonly assets?: string;
}

/** Interval of retries while the address is in use, milliseconds. */
const REOPEN_MS = SECOND_MS;
const ASSETS = fileURLToPath(new URL('../dashboard/assets/', import.meta.url));

export function createServices(config: Config, deps: ServicesDeps): Services {
  const { logger, version, clock, random, scheduler, assets = ASSETS } = deps;
  const { network } = config;
  const log = createEventLog(logger);
  const metrics = createMetrics({ clock, version, network, lostLines: () => logger.output.lost });
  const status = new Status({ clock });
  const events$ = new Subject<RelayEvent>();
  const alerts = createAlerts(config.alerts, {
    clock,
    random,
    ...(scheduler !== undefined && { scheduler }),
    network,
    instance: hostname(),
    connect: deps.alertRoute,
    onOutcome: onAlert,
  });
  let http: HttpService | undefined;
  const closing = new AbortController();
  let retrying: Promise<void> | undefined;

  function listen(event: RelayEvent): void {
    log(event);
    metrics.listen(event);
    status.listen(event);
    alerts.listen(event);
    events$.next(event);
  }

  function emit(service: ServiceEvent['service'], state: ServiceEvent['state'], code: string, detail: string): void {
    listen({ type: 'service', at: clock.now(), service, state, code, detail });
  }

  /** Logs the result of a message. No event is emitted: it would raise an alert to be sent by the failing channel. */
  function onAlert({ channel, outcome, detail }: AlertOutcome): void {
    metrics.alertOutcome(channel, outcome);
    const isQuiet = outcome === 'sent' || outcome === 'suppressed';
    const message = PROGRAM_MESSAGES[isQuiet ? 'alert-sent' : 'alert-not-sent'];
    logger.log({ level: message.level, message: fillLine(message, { channel, outcome, detail }) });
  }

  function listening(opened: HttpService): string {
    http = opened;
    emit('http', 'up', 'listening', opened.url);
    return opened.url;
  }

  /** Retries until the address is free, or the relay stops. */
  async function retry(open: () => Promise<HttpOpened>): Promise<void> {
    const { signal } = closing;
    await pause(REOPEN_MS, signal);
    const attempt = async () => {
      // Creating the service blocks the event loop for some time, so the address is probed first.
      const opened = (await canListen(config.http)) ? await open() : undefined;
      return opened?.ok === true ? listening(opened) : undefined;
    };
    await retryUntil(attempt, REOPEN_MS, signal);
  }

  return {
    listen,
    async open(view) {
      metrics.attach(view);
      if (!config.http.enabled) return undefined;
      // Loaded here: it is a fifth of the start-up time, and the pool's socket comes first.
      const { createHttp } = await import('./http/http.js');
      const pages = {
        version,
        view,
        status,
        events$,
        metrics: () => metrics.text(),
        assets,
        clock,
        onFault: ({ code, detail }: HttpFault) => emit('http', 'fault', code, detail),
        onClients: (count: number) => metrics.sseClients(count),
      };
      const opened = await createHttp(config.http, pages);
      if (opened.ok) return listening(opened);
      emit('http', 'down', opened.code, opened.detail);
      retrying = retry(() => createHttp(config.http, pages));
      return undefined;
    },
    reload(next) {
      logger.level = next.log.level;
      alerts.reload(next.alerts);
    },
    drain: () => status.drain(),
    async close() {
      closing.abort();
      await retrying;
      await Promise.all([http?.close(), alerts.stop()]);
      metrics.close();
      events$.complete();
    },
  };
}
