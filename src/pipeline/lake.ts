import { type AppError, DataError } from "../core/errors.ts";
import { fileStem, manifestKey, QUARANTINE } from "../core/layout.ts";
import { type Entry, manifestText } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { type Day, type Month, monthOf, monthsOf, type TimeRange } from "../core/time.ts";
import type { ObjectStore } from "../ports.ts";
import type { BucketLake } from "./bucket-lake.ts";
import { adopt, emptyPage, endAt, entriesOf, fill, type Page } from "./lake-page.ts";
import { contentOf } from "./month-content.ts";
import { sha256 } from "./rows.ts";
import { type Shelf, Shelves } from "./shelves.ts";

/**
 * The lake's manifests: read when asked for, changed in memory, written back a month at a time and always after the
 * objects that they name are safe on the disk.
 */
export class Lake {
  readonly store: ObjectStore;
  /** The same lake in a bucket, where there is one. */
  readonly remote: BucketLake | undefined;
  private readonly pages = new Map<string, Page>();
  /** Entries that the bucket knows better, and whose files the folder's manifests do not name. */
  private readonly elsewhere = new WeakSet<Entry>();
  private readonly listings: Shelves;
  private readonly holders = {
    inFolder: (entry: Entry): boolean => this.hasFile(entry),
    inBucket: (entry: Entry): boolean => this.remote?.holds(entry) ?? false,
  };

  /** @param synthetic the lake's world: made data, or a venue's */
  constructor(store: ObjectStore, synthetic: boolean, remote?: BucketLake) {
    this.store = store;
    this.remote = remote;
    this.listings = new Shelves(store, synthetic, remote);
  }

  /** Every series of a table that has manifests, by name. @throws DataError `other-world` */
  shelves(table: TableName): Promise<readonly Shelf[]> {
    return this.listings.of(table);
  }

  /** Reads the manifests of the months, where there are any. A damaged one is remembered with its error. */
  async open(table: TableName, series: Series, months: Iterable<Month>): Promise<void> {
    const shelf = (await this.shelves(table)).find((candidate) => fileStem(candidate.series) === fileStem(series));
    const unread = [...months].filter((month) => !this.pages.has(manifestKey(table, series, month)));
    await this.remote?.open(table, series, unread);
    for (const month of unread) {
      const key = manifestKey(table, series, month);
      const page = emptyPage(table, series, month);
      this.pages.set(key, page);
      if (!shelf?.months.includes(month)) continue;
      page.written = this.store.modified(key) ?? page.written;
      const bytes = await this.store.read(key);
      if (bytes) fill(page, bytes);
      const manifest = this.remote?.manifest(table, series, month);
      if (manifest) adopt(page, manifest, this.holders);
      for (const [day, entry] of page.adopted)
        if (page.partitions.get(day)?.sha256 !== entry.sha256) this.elsewhere.add(entry);
    }
  }

  /** Lets go of what was read and not changed: manifests of years take their memory. `open` reads them again. */
  forget(): void {
    for (const [key, page] of this.pages) if (!page.changed) this.pages.delete(key);
  }

  /** Lets go of all that was read of a table: another machine has written it since. `open` reads it again. */
  reread(table: TableName): void {
    for (const [key, page] of this.pages) if (page.table === table && !page.changed) this.pages.delete(key);
    this.listings.forget(table);
    this.remote?.forget(table);
  }

  private page(table: TableName, series: Series, month: Month): Page | undefined {
    return this.pages.get(manifestKey(table, series, month));
  }

  entry(table: TableName, series: Series, day: Day): Entry | undefined {
    const page = this.page(table, series, monthOf(day));
    return page?.adopted.get(day) ?? page?.partitions.get(day);
  }

  /**
   * The entry of the folder's own manifest, unless the bucket knows better. What it knows better is the folder's own again
   * where the bucket has lost the object and the folder has its bytes.
   */
  own(table: TableName, series: Series, day: Day): Entry | undefined {
    const page = this.page(table, series, monthOf(day));
    const better = page?.adopted.get(day);
    if (!better) return page?.partitions.get(day);
    return this.hasFile(better) && !this.remote?.holds(better) ? better : undefined;
  }

  /** Days of which the folder has something that the bucket does not know better. */
  ownDays(table: TableName, series: Series, month: Month): readonly Day[] {
    const days = [...(this.page(table, series, month)?.partitions.keys() ?? [])];
    return days.filter((day) => this.own(table, series, day)).sort();
  }

  /** The folder has the file of an entry, as far as its manifest and sizes tell. */
  hasFile(entry: Entry): boolean {
    return entry.object !== null && !this.elsewhere.has(entry) && this.store.size(entry.object) === entry.bytes;
  }

  /** The object of an entry is there, as far as sizes and list calls tell. */
  isThere(entry: Entry): boolean {
    return entry.object === null || this.holders.inFolder(entry) || this.holders.inBucket(entry);
  }

  /** Whether anything lies where an entry's object should be, in the folder or in the bucket. */
  isTaken({ object }: Entry): boolean {
    return object !== null && (this.store.size(object) !== undefined || this.remote?.object(object) !== undefined);
  }

  /** The very bytes that an entry names, from the folder or from the bucket; undefined where neither has them. */
  async bytes(entry: Entry): Promise<Uint8Array | undefined> {
    if (entry.object === null) return undefined;
    const own = await this.store.read(entry.object);
    return own && sha256(own) === entry.sha256 ? own : this.remote?.read(entry);
  }

  /** A local file with the very bytes that an entry names; undefined where there are none. */
  async file(entry: Entry): Promise<string | undefined> {
    if (entry.object === null) return undefined;
    const own = await this.store.read(entry.object);
    return own && sha256(own) === entry.sha256 ? this.store.path(entry.object) : this.remote?.file(entry);
  }

  /** Why a month is not known: the folder's manifest cannot be read, or the bucket's, of days that the folder lacks. */
  damage(table: TableName, series: Series, month: Month): AppError | undefined {
    const page = this.page(table, series, month);
    const isKnown = (day: Day, hash: string): boolean => page?.partitions.get(day)?.sha256 === hash;
    return page?.damage ?? this.remote?.damage(table, series, month, isKnown);
  }

  /** The bucket's manifest of a month cannot be read, though nothing that it can have named is unknown to the folder. */
  rewritable(table: TableName, series: Series, month: Month): AppError | undefined {
    const damage = this.damage(table, series, month) ? undefined : this.remote?.unreadable(table, series, month);
    if (!damage || this.ownDays(table, series, month).length === 0) return damage;
    const message = `${damage.message} The folder has all its days.`;
    return new DataError(damage.code, message, "candlelake upload", { cause: damage });
  }

  /** The bucket has an object of a day that no manifest names, and the lake no other rows of it. */
  isUnnamed(table: TableName, series: Series, day: Day): boolean {
    return this.remote?.unnamed(table, series, day) !== undefined && !this.entry(table, series, day)?.object;
  }

  unnamedDays(table: TableName, series: Series, month: Month): readonly Day[] {
    const days = this.remote?.unnamedDays(table, series, month) ?? [];
    return days.filter((day) => this.isUnnamed(table, series, day));
  }

  /** Entries of a month whose object was written after the manifest: only its bytes tell whether it is the one named. */
  doubtful(table: TableName, series: Series, month: Month): readonly (readonly [Day, Entry])[] {
    const written = this.page(table, series, month)?.written ?? Number.NEGATIVE_INFINITY;
    return this.entries(table, series, month).filter(
      ([, { object }]) => object !== null && (this.store.modified(object) ?? written) > written,
    );
  }

  /** Entries of a month, ascending by day. */
  entries(table: TableName, series: Series, month: Month): readonly (readonly [Day, Entry])[] {
    const page = this.page(table, series, month);
    return page ? entriesOf(page) : [];
  }

  /**
   * Event time of the series' first row at the venue, and of its last one where it has ended, as far as manifests tell.
   * @param within what is looked at later anyway: a bucket is listed once for all of it, and not for single months before
   */
  async bounds(
    table: TableName,
    series: Series,
    within?: TimeRange,
  ): Promise<{ listed: number | undefined; ended: number | undefined }> {
    if (within) await this.open(table, series, monthsOf(within));
    const shelf = (await this.shelves(table)).find((candidate) => fileStem(candidate.series) === fileStem(series));
    const months = shelf?.months ?? [];
    let listed: number | undefined;
    for (const month of months) {
      await this.open(table, series, [month]);
      listed = this.page(table, series, month)?.listed;
      if (listed !== undefined) break;
    }
    const last = months.at(-1);
    if (last === undefined) return { listed, ended: undefined };
    await this.open(table, series, [last]);
    return { listed, ended: this.page(table, series, last)?.ended };
  }

  /**
   * Tells manifests that were written before anybody knew where the series begins, so that their order shows in none.
   * @param first undefined where nobody knows it after all
   * @param wrong what some of them tell, and what is not so
   */
  async tellListed(table: TableName, series: Series, first: number | undefined, wrong?: number): Promise<void> {
    const shelf = (await this.shelves(table)).find((candidate) => fileStem(candidate.series) === fileStem(series));
    await this.open(table, series, shelf?.months ?? []);
    for (const month of shelf?.months ?? []) {
      const page = this.page(table, series, month);
      if (!page || page.damage || page.partitions.size === 0) continue;
      if (page.listed === first || (page.listed !== undefined && page.listed !== wrong)) continue;
      page.listed = first;
      page.changed = true;
    }
  }

  /**
   * Tells all manifests where the series ends, whatever they told before, so that neither their order shows in any nor
   * days that were asked for while nobody knew it.
   * @param ended undefined where nobody knows it after all
   */
  async tellEnded(table: TableName, series: Series, ended: number | undefined): Promise<void> {
    const shelf = (await this.shelves(table)).find((candidate) => fileStem(candidate.series) === fileStem(series));
    await this.open(table, series, shelf?.months ?? []);
    for (const month of shelf?.months ?? []) {
      const page = this.page(table, series, month);
      if (!page || page.damage) continue;
      const before = { ended: page.ended, days: page.partitions.size };
      endAt(page, ended);
      if (before.days > page.partitions.size || (before.days > 0 && before.ended !== ended)) page.changed = true;
    }
  }

  /** What manifests of a month tell of the series beside its partitions. */
  told(table: TableName, series: Series, month: Month): { listed: number | undefined; ended: number | undefined } {
    const { listed, ended } = this.page(table, series, month) ?? { listed: undefined, ended: undefined };
    return { listed, ended };
  }

  /** Records a partition in memory; `save` writes it. */
  record(
    table: TableName,
    series: Series,
    day: Day,
    entry: Entry,
    { first, ended }: { readonly first: number | undefined; readonly ended?: number },
  ): void {
    const page = this.page(table, series, monthOf(day));
    if (!page) throw new Error(`${manifestKey(table, series, monthOf(day))} was not opened`);
    page.partitions.set(day, entry);
    page.adopted.delete(day);
    page.listed = first;
    page.ended = ended;
    page.changed = true;
  }

  /**
   * Writes the changed manifests of a series, after everything that was written before is safe. What is recorded while
   * that is waited for is left to the next call.
   */
  async save(table: TableName, series: Series): Promise<void> {
    const changed = [...this.pages.values()]
      .filter((page) => page.changed && page.table === table && fileStem(page.series) === fileStem(series))
      .map((page) => ({ page, bytes: new TextEncoder().encode(manifestText(page)) }));
    if (changed.length === 0) return;
    for (const { page } of changed) page.changed = false;
    try {
      await this.store.flush();
      for (const { page, bytes } of changed) {
        const key = manifestKey(page.table, page.series, page.month);
        if (page.damage) await this.setAside(key);
        if (page.partitions.size > 0) await this.store.write(key, bytes);
        else await this.store.remove(key);
        page.damage = undefined;
        page.written = this.store.modified(key) ?? page.written;
      }
      await this.store.flush();
    } catch (error) {
      for (const { page } of changed) page.changed = true;
      throw error;
    }
    this.listings.forget(table);
  }

  /** Whether something was recorded of the day's month that no manifest on the disk has. */
  isUnsaved(table: TableName, series: Series, day: Day): boolean {
    return this.page(table, series, monthOf(day))?.changed ?? false;
  }

  /** Keeps the bytes of a manifest that cannot be read, before a new one takes its place. */
  private async setAside(key: string): Promise<void> {
    const bytes = await this.store.read(key);
    if (bytes) await this.store.write(`${QUARANTINE}/${key}`, bytes);
  }

  /** Content hash of a series' month: what the ledger compares. */
  content(table: TableName, series: Series, month: Month): { content: string; rows: number } {
    return contentOf(this.entries(table, series, month));
  }
}
