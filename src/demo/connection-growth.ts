/** The number of connections at each review of the peers, as a line of text. */
export class ConnectionGrowth {
  private readonly steps: number[] = [];
  private now = 0;
  private known = 0;

  /** @param connected peers at this moment */
  change(connected: number): void {
    this.now = connected;
  }

  /**
   * Adds a review of the peers. @param known number of known peers
   */
  look(known: number): void {
    this.known = known;
    if (this.now > 0 && this.now !== this.steps.at(-1)) this.steps.push(this.now);
  }

  get line(): string {
    const steps = this.now === this.steps.at(-1) ? this.steps : [...this.steps, this.now];
    return `peers  ${steps.join(' → ')} of ${this.known} known`;
  }
}
