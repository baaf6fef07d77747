/**
 * Everything that listens to a relay, behind one door: log, figures, pages, alerts. Each is told each event, and none of them is
 * waited for; what one of them has to say of itself is an event like any other.
 */

import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type SchedulerLike, Subject } from 'rxjs';
import { pause, retryUntil } from '../common/retry.js';
import type { Config } from '../config/config.js';
import type { RelayEvent, ServiceEvent } from '../contracts/events.js';
import type { RelayView } from '../contracts/view.js';
import { type Clock, type Random, SECOND_MS } from '../time.js';
import { type AlertOutcome, createAlerts } from './alerts/alerts.js';
import type { HttpFault, HttpOpened, HttpService } from './http/http.js';
import { canListen } from './http/server.js';
import { createEventLog } from './log-events.js';
import type { Logger } from './logger.js';
import { createMetrics } from './metrics.js';
import { Status } from './status.js';

export interface Services {
  /** To be called with each event of the relay's, from the first on. Never throws, never waits. */
  listen(event: RelayEvent): void;
  /**
   * Opens the pages on a relay that runs. That they cannot be opened is told once, and tried again every second.
   * @returns their address; undefined where they are not open yet, or not wanted
   */
  open(view: RelayView): Promise<string | undefined>;
  /** Takes over what can change while a relay runs: the log's level, the alerts' channels. */
  reload(config: Config): void;
  /** From now on no block can be pushed: what asks whether the relay is ready is told so. */
  drain(): void;
  /** Closes the pages and sends the alerts that are due, for a few seconds at most. */
  close(): Promise<void>;
}

export interface ServicesDeps {
  readonly logger: Logger;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler?: SchedulerLike;
  /** Where `npm run build` puts the dashboard. */
  readonly assets?: string;
}

/** While the address is taken, it is asked for this often, milliseconds. */
const REOPEN_MS = SECOND_MS;
const ASSETS = fileURLToPath(new URL('../dashboard/assets/', import.meta.url));

export function createServices(config: Config, deps: ServicesDeps): Services {
  const { logger, version, clock, random, scheduler, assets = ASSETS } = deps;
  const { network } = config;
  const log = createEventLog(logger);
  const metrics = createMetrics({ clock, version, network, lostLines: () => logger.output.lost });
  const status = new Status({ clock });
  const told$ = new Subject<RelayEvent>();
  const alerts = createAlerts(config.alerts, {
    clock,
    random,
    ...(scheduler !== undefined && { scheduler }),
    network,
    instance: hostname(),
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
    told$.next(event);
  }

  function tell(service: ServiceEvent['service'], state: ServiceEvent['state'], code: string, detail: string): void {
    listen({ type: 'service', at: clock.now(), service, state, code, detail });
  }

  /** A channel that fails is told once a message; that would be an alert of its own, to be sent by what fails. */
  function onAlert({ channel, outcome, detail }: AlertOutcome): void {
    metrics.alertOutcome(channel, outcome);
    const level = outcome === 'sent' || outcome === 'suppressed' ? 'debug' : 'warn';
    logger.log({ level, message: `alert by ${channel} ${outcome}: ${detail}` });
  }

  function listening(opened: HttpService): string {
    http = opened;
    tell('http', 'up', 'listening', opened.url);
    return opened.url;
  }

  /** Tries again until the address can be had, or the relay ends. */
  async function retry(open: () => Promise<HttpOpened>): Promise<void> {
    const { signal } = closing;
    await pause(REOPEN_MS, signal);
    const attempt = async () => {
      // Making the pages holds the event loop for some time: only where it is not in vain.
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
      // Loaded here, because it is a fifth of the start, and the pool's socket comes first.
      const { createHttp } = await import('./http/http.js');
      const pages = {
        version,
        view,
        status,
        events$: told$,
        metrics: () => metrics.text(),
        assets,
        clock,
        onFault: ({ code, detail }: HttpFault) => tell('http', 'fault', code, detail),
        onClients: (count: number) => metrics.sseClients(count),
      };
      const opened = await createHttp(config.http, pages);
      if (opened.ok) return listening(opened);
      tell('http', 'down', opened.code, opened.detail);
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
      told$.complete();
    },
  };
}
