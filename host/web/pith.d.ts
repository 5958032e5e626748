// SPDX-License-Identifier: Apache-2.0
// The types of pith.js: the system in a browser, for pages of one's own.

export type BootTrouble = 'busy' | 'no-isolation' | 'old-browser' | 'no-opfs'
  | 'network' | 'image' | 'full' | 'disk' | 'memory' | 'error';

/** What a person is told about each, and which buttons help. */
export const TROUBLES: Record<string, { title: string, text: string,
  actions: ('reload' | 'takeover' | 'memory' | 'reset' | 'rescue')[] }>;
/** Why this browser cannot run the system at all; null when it can. */
export function whatIsMissing(): BootTrouble | null;

/** Why the system cannot run; TROUBLES has words for each. */
export class BootError extends Error {
  constructor(why: string, text?: string);
  why: BootTrouble | string;
}

export interface Image { url: string; sha256: string; size: number }

export interface Config {
  /** Where the site's files are; otherwise beside pith.js. */
  base?: string;
  /** The system image of the first boot; otherwise what image.json says. */
  image?: Image;
  /** Keep nothing: no private file system is needed. */
  memory?: boolean;
  /** Read the disk, write nothing to it. */
  ephemeral?: boolean;
  /** false: no program reaches beyond the tab. */
  network?: boolean;
  /** A disk to use, e.g. from exportDisk() or a native Pith. */
  disk?: Uint8Array<ArrayBuffer>;
  /** End the system that another tab runs. */
  takeover?: boolean;
  /** Forget what is on the disk. */
  reset?: boolean;
  /** One shell command instead of a login. */
  command?: string;
  /** Output events are {bytes, shown}; call shown() when they are on the screen. */
  manualFlow?: boolean;
  /** Handlers, there from the beginning. */
  on?: { [E in keyof Events]?: (data: Events[E]) => void };
}

export interface Events {
  /** What the console shows. */
  output: Uint8Array | { bytes: Uint8Array; shown: () => void };
  /** What the kernel has to say. */
  log: string;
  /** Of fetching the image. */
  progress: { done: number; of: number };
  disk: 'kept' | 'made' | 'upgraded';
  /** Any process; status, as wait() has it, at its exit. */
  process: { pid: number; parent_pid: number; name: string;
    event: 'start' | 'exit'; status: number | null };
  /** A file was made, or written and closed, or taken away. */
  files: { path: string; change: 'written' | 'removed' };
  /** The system has ended, with this exit code. */
  halt: number;
  /** Another tab has the disk now; this system has ended. */
  taken: null;
  booted: number;
}

export type ProcessStatus = 'Created' | 'Running' | 'Blocked' | 'Terminated';

export interface Process {
  pid: number; name: string; status: ProcessStatus;
  /** seconds */ cpu_usage: number; /** bytes */ memory_usage: number;
  /** seconds since boot */ start_time: number; parent_pid: number;
}

export interface Status {
  initialized: boolean; /** seconds */ uptime: number;
  loaded_binaries: string[]; running_processes: Process[];
  memory_usage_bytes: number;
  filesystem_stats: { total_files: number; total_size_bytes: number };
  state: 'Booting' | 'Running' | 'Halted' | string; boot_logs: string[];
}

export interface Entry {
  name: string; /** file, directory, symbolic link, other */ type: string;
  size: number;
}

export interface App {
  id: string; name: string; version: string; install_path: string;
  entry_point: string; status: string;
}

export interface Vfs {
  createDirectory(path: string): Promise<void>;
  writeFile(path: string, data: string | Uint8Array): Promise<void>;
  readFile(path: string): Promise<Uint8Array>;
  delete(path: string): Promise<void>;
  listDirectory(path: string): Promise<Entry[]>;
}

export interface How {
  /** The whole environment. */
  env?: Record<string, string>;
  /** All that it is granted, a line each: "fs /data rw", "net connect a.org:80". */
  grants?: string[];
  /** The path of its standard input. */
  stdin?: string;
  /** What a WASI program knows granted paths by. */
  preopens?: Record<string, string>;
  /** Where the program is; otherwise argv[0] is looked for. */
  path?: string;
}

export interface Ran {
  pid: number; /** 128 + n when signal n ended it */ code: number;
  stdout: Uint8Array; stderr: Uint8Array;
}

export interface Sandbox {
  initialized: boolean; loaded_programs: string[]; enabled: boolean;
  memory_limit_bytes: number; /** 0: any number */ instructions_per_second: number;
  syscalls_per_second: number; max_call_depth: number; stack_bytes: number;
  allowed_network_domains: string[]; allowed_syscalls: string[];
}

export interface TvmResult {
  success: boolean; exit_code: number; stdout: string; stderr: string;
  /** What went wrong, and where, when success is false. */
  error?: string;
  stats: { instructions_executed: number; function_calls: number;
    syscall_count: number; allocations: number; cycles: number };
}

export interface Pith {
  readonly vfs: Vfs;
  on<E extends keyof Events>(event: E, fn: (data: Events[E]) => void): () => void;
  /** Text or bytes, as if typed. */
  input(data: string | Uint8Array): void;
  resize(rows: number, columns: number): void;
  run(argv: string[], how?: How): Promise<Ran>;
  sync(): Promise<void>;
  /** The page goes: write everything, let go of the disk. */
  leave(): void;
  exportDisk(): Promise<Uint8Array>;

  api_get_status(): Promise<Status>;
  api_tick(): Promise<Status>;
  /** Resolves to the id. */
  api_load_binary(name: string, bytes: Uint8Array): Promise<string>;
  api_remove_binary(id: string): Promise<void>;
  api_execute_binary(id: string, args?: string[]): Promise<{ pid: number;
    exit_code: number; stdout: string; stderr: string }>;
  api_kill(pid: number, signal?: number): Promise<void>;
  /** A loaded binary that is a .trymon package. */
  kernel_trymon_install(id: string): Promise<App>;
  kernel_trymon_list_apps(): Promise<App[]>;
  kernel_trymon_run_app(id: string): Promise<{ pid: number; exit_code: number;
    stdout: string; stderr: string }>;
  tvm_init(): Promise<Sandbox>;
  /** Bytecode; resolves to its id, rejects when it is no program. */
  tvm_load(bytes: Uint8Array): Promise<string>;
  /** To its end; grants as in How, besides its output. */
  tvm_execute(id: string, grants?: string[]): Promise<TvmResult>;
  tvm_sandbox_status(): Promise<Sandbox>;
  /** Always rejects: there is no x86 emulator here. */
  tvm_compile_elf(bytes: Uint8Array, name: string): Promise<never>;
  kernel_export_vfs(from?: string): Promise<string>;
  kernel_import_vfs(json: string): Promise<void>;
}

/** Rejects with a BootError. */
export function boot(config?: Config): Promise<Pith>;
