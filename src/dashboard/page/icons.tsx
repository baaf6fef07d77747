/** Icons of statuses and tones. Each has its own shape, so that no information is in the colour alone. */
import type { ProofStatus } from '../../contracts/events.js';
import type { Label, Tone } from '../model/labels.js';

const SHAPES: Readonly<Record<ProofStatus, string>> = {
  pending: 'M0 -.5V.5',
  written: 'M0 -4V4',
  acknowledged: 'M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0z',
  accepted: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z',
  'already-had': 'M0 -5L5 0L0 5L-5 0z',
  failed: 'M-3.6 -3.6L3.6 3.6M3.6 -3.6L-3.6 3.6',
};

/** The icon's path around the origin, for use inside an SVG. */
export function Shape({ status, scale }: { readonly status: ProofStatus; readonly scale?: number }) {
  return (
    <path
      class={`shape ${className(status)}`}
      d={SHAPES[status]}
      {...(scale !== undefined && { transform: `scale(${scale})` })}
    />
  );
}

/** The icon in a line of text, hidden from screen readers: the text has the meaning. */
export function StatusIcon({ status }: { readonly status: ProofStatus }) {
  return (
    <svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">
      <Shape status={status} />
    </svg>
  );
}

export function className(status: ProofStatus): string {
  return `is-${status.replace(' ', '-')}`;
}

const TONE_ICONS: Readonly<Record<Tone, string>> = {
  good: 'M-4 .2L-1.2 3L4.2 -3',
  info: 'M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z',
  quiet: 'M-3 0H3',
  warn: 'M0 -4V.8M0 3.6V3.7',
  bad: 'M-3.2 -3.2L3.2 3.2M3.2 -3.2L-3.2 3.2',
};

export function ToneIcon({ tone }: { readonly tone: Tone }) {
  return (
    <svg class={`tone-sign tone-${tone}`} viewBox="-7 -7 14 14" aria-hidden="true">
      <path d={TONE_ICONS[tone]} />
    </svg>
  );
}

export function Badge({ text, tone, title }: Label & { readonly title?: string }) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      <ToneIcon tone={tone} />
      {text}
    </span>
  );
}
