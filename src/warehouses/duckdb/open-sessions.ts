import type { Session } from "./session.ts";

/** Sessions behind answers that are still being read. */
export class OpenSessions {
  private readonly open = new Set<Session>();

  /** The session, remembered until it is closed; closing it twice is one time too many but does no harm. */
  add({ connection, close }: Session): Session {
    const session: Session = {
      connection,
      close: async () => {
        if (this.open.delete(session)) await close();
      },
    };
    this.open.add(session);
    return session;
  }

  /** Ends answers that nobody has read to their end. */
  async close(): Promise<void> {
    for (const session of this.open) await session.close();
  }
}
