/** What the rest of the relay reads of the quorums. */
import type { Observable } from 'rxjs';
import type { QuorumView } from '../../quorum/active-quorums.js';
import type { ConnectPlan } from '../../quorum/connect-plan.js';

export interface Quorums {
  /** As of the newest tip; undefined while dashd has given no active quorum, or where quorum connections are off. */
  view(): QuorumView | undefined;
  /** The value of `view()` when it changes: at each tip, and when a peer's identity is learned. The present one comes at once. */
  readonly view$: Observable<QuorumView | undefined>;
  /** Which members are connected to, which are not, and why, as last planned; undefined before. */
  plan(): ConnectPlan | undefined;
}
