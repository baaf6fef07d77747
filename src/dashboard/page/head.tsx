/** The page's header: services, connection, theme, and the notices below it. */
import { useState } from 'preact/hooks';
import type { StatusReply } from '../../contracts/api.js';
import { formatAge, formatTime, plain } from '../model/format.js';
import { type Notice, notices, serviceLabels } from '../model/health.js';
import type { ConnectionState, PageState } from '../model/state.js';
import { useNow } from './hooks.js';
import { ToneIcon } from './icons.js';
import { applyTheme, rememberedTheme, rememberTheme, type Theme } from './theme-choice.js';

export function Head({ state }: { readonly state: PageState }) {
  const { status, link } = state;
  return (
    <header class="head">
      <div class="brand">
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect class="mark-ground" width="32" height="32" rx="8" />
          <path d="M16.5 10.2a5.8 5.8 0 0 1 0 11.6" />
          <path class="mark-far" d="M19.5 5.4a11 11 0 0 1 0 21.2" />
          <rect class="mark-block" x="6" y="11" width="10" height="10" rx="2" />
        </svg>
        <h1>blockcast</h1>
        {status !== undefined && <span class="network">{plain(status.network)}</span>}
      </div>
      {status !== undefined && <Services status={status} />}
      <div class="tools">
        <ConnectionLabel link={link} />
        <ThemeChoice />
      </div>
    </header>
  );
}

function Services({ status }: { readonly status: StatusReply }) {
  return (
    <ul class="services" aria-label="Services">
      {serviceLabels(status).map(({ name, text, tone, detail }) => (
        <li key={name} title={detail}>
          <ToneIcon tone={tone} />
          <span class="service-name">{name}</span> <span class={`service-state tone-${tone}`}>{text}</span>
        </li>
      ))}
    </ul>
  );
}

const CONNECTION_LABELS: Readonly<Record<ConnectionState['state'], string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'offline',
  unauthorised: 'signed out',
};

function ConnectionLabel({ link }: { readonly link: ConnectionState }) {
  return (
    <span class={`link-state link-${link.state}`} title="This page’s connection to the relay">
      <span class="link-dot" aria-hidden="true" />
      {CONNECTION_LABELS[link.state]}
    </span>
  );
}

const THEMES: readonly (readonly [theme: Theme, label: string, icon: string])[] = [
  ['system', 'As the system', 'M-6 -5H6V3H-6zM-2.5 6H2.5'],
  [
    'light',
    'Light',
    'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0zM0 -7V-5.4M0 7V5.4M-7 0H-5.4M7 0H5.4M-5 -5L-3.8 -3.8M5 5L3.8 3.8M-5 5L-3.8 3.8M5 -5L3.8 -3.8',
  ],
  ['dark', 'Dark', 'M5.6 2.2A6 6 0 1 1 -1.4 -5.6A4.8 4.8 0 0 0 5.6 2.2z'],
];

function ThemeChoice() {
  const [chosen, setChosen] = useState(rememberedTheme);
  const choose = (theme: Theme) => {
    setChosen(theme);
    applyTheme(theme);
    rememberTheme(theme);
  };
  return (
    <fieldset class="themes">
      <legend class="unseen">Colours</legend>
      {THEMES.map(([theme, label, icon]) => (
        <label key={theme} title={label}>
          <input type="radio" name="theme" checked={chosen === theme} onChange={() => choose(theme)} />
          <svg viewBox="-9 -9 18 18" aria-hidden="true">
            <path d={icon} />
          </svg>
          <span class="unseen">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export interface NoticesProps {
  readonly state: PageState;
  readonly onRetry: () => void;
}

/** Current problems, if any. */
export function Notices({ state, onRetry }: NoticesProps) {
  const now = useNow(1_000);
  const found = notices(state, now + state.skewMs);
  const isLinked = state.link.state === 'live' || state.link.state === 'connecting';
  if (found.length === 0 && isLinked) return null;
  return (
    <section class="notices" aria-label="Notices">
      <ConnectionNotice link={state.link} now={now} hasData={state.status !== undefined} onRetry={onRetry} />
      {found.map((notice) => (
        <NoticeBox key={notice.title} {...notice} />
      ))}
    </section>
  );
}

interface ConnectionNoticeProps {
  readonly link: ConnectionState;
  readonly now: number;
  readonly hasData: boolean;
  readonly onRetry: () => void;
}

function ConnectionNotice({ link, now, hasData, onRetry }: ConnectionNoticeProps) {
  if (link.state === 'unauthorised') {
    return (
      <NoticeBox
        tone="bad"
        title="Authentication required"
        detail="Use http.user and http.password of the relay’s configuration."
      >
        <button type="button" onClick={() => location.reload()}>
          Sign in
        </button>
      </NoticeBox>
    );
  }
  if (link.state !== 'lost') return null;
  const wait = Math.ceil(Math.max(0, link.retryAt - now) / 1_000);
  const next = wait === 0 ? 'Trying again.' : `Trying again in ${formatAge(wait * 1_000)}.`;
  const seen = hasData ? ' The data below is from before.' : '';
  return (
    <NoticeBox
      tone="bad"
      title={`Connection to the relay lost at ${formatTime(link.since, now)}`}
      detail={`${capital(link.reason)}.${seen} ${next}`}
    >
      <button type="button" onClick={onRetry}>
        Try now
      </button>
    </NoticeBox>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

interface NoticeBoxProps extends Notice {
  readonly children?: preact.ComponentChildren;
}

function NoticeBox({ tone, title, detail, children }: NoticeBoxProps) {
  return (
    <div class={`notice tone-${tone}`}>
      <ToneIcon tone={tone} />
      <p>
        <strong>{title}</strong> {detail}
      </p>
      {children}
    </div>
  );
}
