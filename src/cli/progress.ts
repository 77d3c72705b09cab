const REDRAW = 100;
/** Off a terminal a line now and then is enough, and none at all for short work. */
const QUIET_LINES = 10_000;

export interface ProgressStyle {
  readonly terminal: boolean;
  readonly shown: boolean;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** How far a piece of work is, at what rate, and when it will be done; on standard error. */
export class Progress {
  private readonly style: ProgressStyle;
  private readonly began = performance.now();
  private drawn = this.began;
  private total = 0;
  private done = 0;
  private wrote = false;

  constructor(style: ProgressStyle) {
    this.style = style;
  }

  start(total: number): void {
    this.total = total;
  }

  step(label: string): void {
    this.done++;
    const now = performance.now();
    const pause = this.style.terminal ? REDRAW : QUIET_LINES;
    if (!this.style.shown || now - this.drawn < pause) return;
    this.drawn = now;
    const seconds = (now - this.began) / 1000;
    const rate = this.done / seconds;
    const left = Math.max(0, this.total - this.done) / rate;
    const text = `${this.done}/${this.total} steps  ${rate.toFixed(rate < 10 ? 1 : 0)}/s  ${duration(left)} left  ${label}`;
    if (this.style.terminal) {
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      this.wrote = true;
    } else process.stderr.write(`${text}\n`);
  }

  /** Takes the line away, so that other text can follow. */
  clear(): void {
    if (this.wrote) process.stderr.write("\r\x1b[2K");
    this.wrote = false;
  }
}
