export interface OptionSpec {
  readonly name: string;
  /** Placeholder of the value; none for a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly doc: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** Values worth offering where the reader of the value knows more than these. */
  readonly suggestions?: readonly string[];
  /** Another spelling of an option, for people who come from elsewhere. */
  readonly alias?: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as the usage line shows them. */
  readonly args: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** Words that the first argument may be, where they are known. */
  readonly argChoices?: readonly string[];
  /** Words worth offering for it. */
  readonly argSuggestions?: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** More than a line, where the summary is not enough. */
  readonly about?: string;
}
