/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The help texts. They are to be learnt from: what a command is for, an
 * example for each thing one wants, then the options.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char overview[] =
    "Pith runs WebAssembly programs, each with only what it was granted.\n"
    "\n"
    "  pith                      boot the system: a shell on your terminal\n"
    "  pith run FILE [ARGS]      run one program on a kernel of its own\n"
    "  pith compile FILE         make it fast ahead of time\n"
    "  pith inspect FILE         what a program imports, and would need\n"
    "  pith explain FILE         why it needs that, and the manifest to write\n"
    "  pith check FILE           is this manifest right, what does it grant\n"
    "  pith web                  the same system in a browser\n"
    "  pith serve                no console, only the apps; then from\n"
    "                            elsewhere: pith ps, logs, restart, grant ...\n"
    "  pith help run|boot|compile|web|inspect|manifest|serve|exit\n"
    "                            more about each\n"
    "  pith --version\n"
    "\n"
    "Try:\n"
    "  pith -c 'ls /bin | wc -l'\n"
    "  pith run --dir . app.wasm input.txt\n";

static const char boot[] =
    "pith: boot the system.\n"
    "\n"
    "  pith                      a shell; `exit` or `poweroff` ends it\n"
    "  pith -c 'echo $((6*7))'   one command, its exit code is pith's\n"
    "  pith --mount .::/mnt      with a directory of yours inside\n"
    "  pith --ephemeral          nothing is kept\n"
    "\n"
    "The root file system is kept in one file, made at the first boot from\n"
    "the system image, and can be read with sqlite3.\n"
    "\n"
    "  --root FILE      the root's file; otherwise\n"
    "                   $XDG_DATA_HOME/pith/root.pith, that is\n"
    "                   ~/.local/share/pith/root.pith\n"
    "  --ephemeral      keep nothing: changes stay in memory; begins from the\n"
    "                   image, or from --root FILE\n"
    "  --image FILE     the system image to begin from; otherwise\n"
    "                   ../share/pith/root.pith beside the program\n"
    "  --mount HOST::GUEST[:ro]\n"
    "                   show the directory HOST as GUEST (an absolute path)\n"
    "  -c COMMAND       run one shell command, then end\n"
    "  --memory N       bytes that all programs together may take of the\n"
    "                   machine, with K, M or G; otherwise seven eighths of\n"
    "                   what it has. Who would take more gets ENOMEM\n"
    "  --profile[=FILE] sample where all programs' CPU time goes: a flame "
    "graph\n"
    "                   (pith-profile.svg) and FILE.folded\n"
    "  --perf-map       name compiled code for Linux's perf\n";

static const char web[] =
    "pith web: serve the system to a browser on this machine.\n"
    "\n"
    "  pith web                  prints the address to open\n"
    "\n"
    "The same kernel, compiled to WebAssembly, runs in the tab; files are kept\n"
    "in the browser. The site is a directory of plain files (make dist-web),\n"
    "which any web server can serve.\n"
    "\n"
    "  --port N         the port, 8017 otherwise; 0: any that is free\n"
    "  --address A      where to listen, 127.0.0.1 otherwise. Anything else\n"
    "                   shows it to others, and browsers then want https\n"
    "  --site DIR       the site; otherwise ../share/pith/web or ../dist/web\n"
    "                   beside the program\n";

static const char run[] =
    "pith run [OPTIONS] FILE [ARGS]: run one WebAssembly program.\n"
    "\n"
    "  pith run hello.wasm                      only stdin, stdout, stderr\n"
    "  pith run --dir . app.wasm notes.txt      may use this directory\n"
    "  pith run --dir data::/data:ro app.wasm   sees ./data as /data, reads "
    "it\n"
    "  pith run --cap time,random app.wasm      may read clocks, get entropy\n"
    "  pith run --cap all app.wasm              everything but your files\n"
    "  pith run --timeout 5 --max-memory 64M untrusted.wasm\n"
    "\n"
    "A program gets its standard files and nothing else; when it wants more\n"
    "it is refused with the option that would grant it.\n"
    "\n"
    "  --dir HOST[::GUEST][:ro]  a directory, under the name GUEST if given\n"
    "  --env NAME=VALUE          set a variable; --env NAME passes yours on\n"
    "  --net[=WHAT]              the network: all of it, or\n"
    "                            connect:HOST:PORT, listen:PORT (repeatable)\n"
    "  --cap NAME[,NAME]         grant a capability; `all` for every one:\n"
    "                            time random spawn ipc shell display mouse\n"
    "                            keyboard sound jit device\n"
    "  --manifest FILE           grant what it declares, and no more; without\n"
    "                            this the vyoma.toml beside FILE counts, if\n"
    "                            it names it (`pith help manifest`)\n"
    "  --no-manifest             not even that one\n"
    "  --signed [--trust DIR]    only with a manifest that a trusted key signed\n"
    "  --record FILE             grant everything but your files (as --cap\n"
    "                            all), and write what it used as a manifest\n"
    "  --audit FILE              append what it was refused, a line each\n"
    "  --max-memory N            bytes of memory of a process, with K, M or G;\n"
    "                            --memory N: of it and those it starts together\n"
    "  --fuel N                  loop iterations and calls it may make\n"
    "  --timeout SECONDS         may take this long (0.5 works)\n"
    "  --tier=NAME               compile up to `jit` or `llvm`, or `interp` not\n"
    "                            at all; --eager: all of it first\n"
    "  --no-cache                do not look for compiled code nor keep it;\n"
    "                            --cache=DIR: there\n"
    "  --trace                   print its system calls\n"
    "  --deterministic           one kind of NaN, and random numbers that are the\n"
    "                            same each time; clocks stay what they are\n"
    "  --stats                   print what it used\n"
    "  --profile[=FILE]          sample where its CPU time goes: a flame "
    "graph\n"
    "                            (pith-profile.svg) and FILE.folded\n"
    "  --perf-map                name compiled code for Linux's perf, in\n"
    "                            /tmp/perf-PID.map\n"
    "  --coredump FILE           when it traps, write a WebAssembly coredump;\n"
    "                            look at it with pith inspect\n"
    "\n"
    "Exit codes: `pith help exit`.\n";

static const char inspect[] =
    "pith inspect [OPTIONS] FILE: look at a WebAssembly program without "
    "running\n"
    "it.\n"
    "\n"
    "  pith inspect app.wasm                    what it imports and would "
    "need\n"
    "  pith inspect --disasm app.wasm           its code, as text\n"
    "  pith inspect --disasm --func main app.wasm\n"
    "  pith inspect core.wasm                   the stack in a coredump\n"
    "\n"
    "Prints its size and sections, memories, exports and imports, and the\n"
    "grants that it would need, as options for `pith run`. Exits with 126\n"
    "when the file is no valid module, or imports what Pith does not have.\n"
    "\n"
    "  --disasm      each function in the words of the text format, behind "
    "its\n"
    "                byte offset (the one that backtraces show)\n"
    "  --ir          the instructions that Pith makes of it\n"
    "  --func NAME   this function only; or its index\n";

static const char manifest[] =
    "A manifest says what an app may do; what it does not say is not granted.\n"
    "vyoma.toml, beside the program:\n"
    "\n"
    "  [app]\n"
    "  name = \"files\"            # a-z 0-9 -\n"
    "  version = \"0.1.0\"\n"
    "  wasm = \"files.wasm\"\n"
    "  restart = \"never\"         # or always, on-failure\n"
    "  watchdog_secs = 0         # kill it when silent for so long\n"
    "  ask = false               # a person is asked for what it is refused\n"
    "  user = \"www\"              # whose it is; root if absent\n"
    "  [capabilities]\n"
    "  stdio = true              # also: time random spawn shell display mouse\n"
    "                            # keyboard sound jit device\n"
    "  filesystem = true         # /data/files; or { \"/usr\" = \"ro\" }\n"
    "  network = true            # or { connect = [\"example.org:443\"],\n"
    "                            #      listen = [8080] }\n"
    "  ipc = true                # or [\"log\", \"clock\"]\n"
    "  [limits]                  # memory cpu call_depth fuel files processes\n"
    "                            # disk messages\n"
    "  memory = \"64MB\"\n"
    "  [window]                  # x y w h\n"
    "\n"
    "  pith check FILE           vyoma.toml, boot.toml, a .wpm's manifest.json\n"
    "                            or a .trymon package; exits 126 if it is wrong\n"
    "  pith check --toml FILE    the same as a vyoma.toml\n"
    "  pith check --schema       a JSON schema for editors\n"
    "  pith explain FILE.wasm    what the program needs, and would be refused\n"
    "  pith run --record M.toml --dir . FILE.wasm\n"
    "                            try it, and write what sufficed\n"
    "  pith key NAME             a new key: NAME (secret) and NAME.pub\n"
    "  pith sign --key NAME FILE sign a manifest and its program: FILE.sig\n"
    "  pith verify [--trust DIR] FILE...\n"
    "                            by whom? DIR holds the NAME.pub of those one\n"
    "                            trusts; else ~/.config/pith/trust and\n"
    "                            /etc/pith/trust\n";

static const char serve[] =
    "pith serve [OPTIONS] [CONFIG]: run apps without a console, until SIGTERM or\n"
    "`pith shutdown`. Options as for booting, and\n"
    "\n"
    "  --control PATH   the control socket; otherwise $PITH_CONTROL, or\n"
    "                   pith.control below $XDG_RUNTIME_DIR, or\n"
    "                   /tmp/pith-UID.control. With it `pith --control PATH` can\n"
    "                   be controlled, too\n"
    "  --metrics WHERE  answer GET /metrics (Prometheus) and /healthz there: the\n"
    "                   path of a unix socket, or 127.0.0.1:9464\n"
    "  --log json|none  what happens and what apps print, on standard output: a\n"
    "                   JSON object a line (the default), or nothing\n"
    "  --apps DIR       show DIR as /apps, read-only\n"
    "\n"
    "CONFIG says which apps run; without it, the disk's /etc/vyoma/boot.toml:\n"
    "\n"
    "  [serve]                    # each as the option; paths from CONFIG's place\n"
    "  root = \"state/root.pith\"   # also: image, ephemeral, control, metrics,\n"
    "  metrics = \"127.0.0.1:9464\" # log, mounts = [\"/srv/data::/data\"]\n"
    "  apps = \"apps\"              # (this is the default, if it is there)\n"
    "  [[app]]\n"
    "  name = \"web\"\n"
    "  after = [\"db\"]             # also: args, restart\n"
    "\n"
    "and before them  signatures = \"required\" or \"off\" (docs/apps.md; by\n"
    "default once /etc/pith/trust holds a key),  broker = \"ask\"  and\n"
    "broker_secs = 60: an app that asks a person for what others are refused.\n"
    "\n"
    "`pith check boot.toml` (or serve.toml) reads one; SIGHUP and `pith reload`\n"
    "read it again. As a service: share/pith.service; readiness, watchdog and end\n"
    "are told as sd_notify(3) says.\n"
    "\n"
    "An app is /apps/NAME/vyoma.toml (`pith help manifest`) and its program.\n"
    "From elsewhere, as the same user or root:\n"
    "\n"
    "  pith ps [--json]           what runs, and what it has used\n"
    "  pith top                   the same, again each second\n"
    "  pith metrics               the same for Prometheus\n"
    "  pith start|stop|restart|kill NAME\n"
    "  pith reload [NAME]         read its manifest and program again, restart\n"
    "                             it; without NAME: boot.toml\n"
    "  pith logs [-f] NAME        its last output; -f: go on\n"
    "  pith attach NAME           its output, and yours to its input\n"
    "  pith grants NAME           what it may do now\n"
    "  pith grant|revoke NAME GRANT...\n"
    "                             while it runs: pith revoke web net\n"
    "  pith audit                 what was refused, each line chained\n"
    "  pith shutdown\n";

static const char exit_codes[] =
    "Exit codes of pith run, and of pith -c:\n"
    "\n"
    "  the program's own, when it ends by itself\n"
    "    2   the command line makes no sense\n"
    "  124   out of time (--timeout) or fuel (--fuel)\n"
    "  126   the file was refused: not WebAssembly, invalid, or in want of a\n"
    "        grant\n"
    "  127   there is no such file\n"
    "  134   the program trapped; `trap: REASON` and a backtrace on stderr\n"
    "  128+N the program was ended by signal N (130: Ctrl-C, 141: broken\n"
    "        pipe)\n";

static const char compile[] =
    "pith compile [-o DIRECTORY] FILE: compile a WebAssembly program with the\n"
    "optimising compiler and keep the result, where running it finds it.\n"
    "\n"
    "  pith compile app.wasm             into $XDG_CACHE_HOME/pith, that is\n"
    "                                    ~/.cache/pith\n"
    "  pith compile -o DIR app.wasm      into DIR; then pith run --cache=DIR\n"
    "\n"
    "What is kept is for this file, this version of pith and this processor;\n"
    "for another of them it is made anew. Programs that run for long are\n"
    "compiled and kept without being asked.\n";

static const struct {
    const char *name, *text;
} topics[] = {
    {"run", run},
    {"boot", boot},
    {"web", web},
    {"compile", compile},
    {"inspect", inspect},
    {"manifest", manifest},
    {"serve", serve},
    {"check", manifest},
    {"explain", manifest},
    {"exit", exit_codes},
};

bool
cli_help(const char *topic, bool to_stderr)
{
    FILE *out = to_stderr ? stderr : stdout;
    if (topic)
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
            if (strcmp(topic, topics[i].name) == 0) {
                fputs(topics[i].text, out);
                return true;
            }
    fputs(overview, out);
    return !topic;
}
