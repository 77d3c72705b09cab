/** What an operating system's refusal means: a name for programs, and the end of a sentence for people. */
export interface DiskCause {
  readonly code: string;
  readonly cause: string;
}

const CAUSES: Readonly<Record<string, readonly [code: string, cause: string]>> = {
  ENOSPC: ["disk-full", "the disk is full"],
  EDQUOT: ["disk-full", "the disk quota is used up"],
  EROFS: ["read-only", "the file system is read-only"],
  EACCES: ["no-permission", "permission is denied"],
  EPERM: ["no-permission", "the operation is not permitted"],
  ENOTDIR: ["not-a-folder", "a part of the path is a file, not a folder"],
  EEXIST: ["not-a-folder", "a file is where a folder must be"],
  EISDIR: ["not-a-file", "a folder is where a file must be"],
  EMFILE: ["too-many-files", "too many files are open"],
  ENOENT: ["folder-gone", "a folder of the path is gone"],
  EIO: ["disk-error", "the disk reports an error"],
};

/** undefined where the error is none of the operating system's. */
export function diskCause(error: unknown): DiskCause | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || typeof error.syscall !== "string") return undefined;
  const name = "code" in error ? String(error.code) : "";
  const known = Object.hasOwn(CAUSES, name) ? CAUSES[name] : undefined;
  const [code, cause] = known ?? ["disk-error", `the operating system refuses ${error.syscall} with ${name}`];
  return { code, cause };
}
