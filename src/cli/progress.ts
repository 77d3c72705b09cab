const REDRAW = 100;
/** Off a terminal a line now and then is enough, and none at all for short work. */
const QUIET_LINES = 10_000;

export interface ProgressStyle {
  readonly terminal: boolean;
  readonly shown: boolean;
}

/** Where progress is shown, and by which clock (milliseconds). */
export interface ProgressScreen {
  write(text: string): void;
  readonly columns: number;
  now(): number;
}

const STANDARD_ERROR: ProgressScreen = {
  write: (text) => process.stderr.write(text),
  get columns() {
    return process.stderr.columns ?? 80;
  },
  now: () => performance.now(),
};

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How far a piece of work is, at what rate, and when it will be done; on standard error. */
export class Progress {
  private readonly style: ProgressStyle;
  private readonly screen: ProgressScreen;
  private began: number;
  private drawn: number;
  private total = 0;
  private done = 0;
  private wrote = false;

  constructor(style: ProgressStyle, screen: ProgressScreen = STANDARD_ERROR) {
    this.style = style;
    this.screen = screen;
    this.began = screen.now();
    this.drawn = this.began;
  }

  start(total: number): void {
    this.total = total;
    this.done = 0;
    this.began = this.screen.now();
  }

  /** What is under way before anybody knows how much there is to do: on a terminal, where somebody waits. */
  announce(what: string): void {
    if (!this.style.shown || !this.style.terminal) return;
    this.screen.write(what);
    this.wrote = true;
  }

  step(label: string): void {
    this.done++;
    const now = this.screen.now();
    const pause = this.style.terminal ? REDRAW : QUIET_LINES;
    if (!this.style.shown || now - this.drawn < pause) return;
    this.drawn = now;
    const rate = this.done / ((now - this.began) / 1000);
    const left = Math.max(0, this.total - this.done) / rate;
    const text = `${this.done}/${this.total} steps  ${rate.toFixed(rate < 10 ? 1 : 0)}/s  ${duration(left)} left  ${label}`;
    if (this.style.terminal) {
      this.screen.write(`\r\x1b[2K${text.slice(0, this.screen.columns - 1)}`);
      this.wrote = true;
    } else this.screen.write(`${text}\n`);
  }

  /** Takes the line away, so that other text can follow. */
  clear(): void {
    if (this.wrote) this.screen.write("\r\x1b[2K");
    this.wrote = false;
  }
}
