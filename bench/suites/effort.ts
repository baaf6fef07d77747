/** How much is done. */
export interface Effort {
  /** Of the blocks and starts of a full run; 1 is all of them. */
  readonly share: number;
  /** Where to leave the contenders' CPU profiles. */
  readonly profile: string | undefined;
}
