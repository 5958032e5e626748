/* SPDX-License-Identifier: Apache-2.0 */
/* The C library where it depends on us: numbers, time, text, users, files. */
#include <ctype.h>
#include <dirent.h>
#include <float.h>
#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <termios.h>
#include <wchar.h>
#include <wordexp.h>

#include "t.h"

static void
numbers(void)
{
    char b[128];
    long double l;
    double d;
    int n;

    snprintf(b, sizeof b, "%.17g %a %.3Lf %lld %zu %5.1e", 0.1, 1.5, 2.5L,
             LLONG_MIN, (size_t)-1, 12345.678);
    CHECK(strcmp(b, "0.10000000000000001 0x1.8p+0 2.500 "
                    "-9223372036854775808 4294967295 1.2e+04") == 0);
    CHECK(strtod("0x1.921fb54442d18p+1", NULL) == 3.141592653589793);
    CHECK(strtod("1e400", NULL) == HUGE_VAL && errno == ERANGE);
    CHECK_EQ(sscanf("7 3.5 -2", "%d %lf %Lf", &n, &d, &l), 3);
    CHECK(n == 7 && d == 3.5 && l == -2);
    CHECK(strtoll("9223372036854775808", NULL, 10) == LLONG_MAX);
    CHECK(sqrt(2) == 1.4142135623730951 && floor(-0.5) == -1);
    CHECK(fabs(sin(1) - 0.8414709848078965) < 1e-16 && rint(2.5) == 2);
    CHECK(LDBL_MANT_DIG == 113 && powl(2, 100) == 0x1p100L);
    CHECK(fmod(7, 3) == 1 && isnan(NAN) && cbrt(27) == 3);
}

static void
time_and_zone(void)
{
    struct tm tm = {0};
    time_t t = 1700000000, far = 5000000000;
    char b[64];

    CHECK(strcmp(asctime(gmtime(&t)), "Tue Nov 14 22:13:20 2023\n") == 0);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    strftime(b, sizeof b, "%F %T %Z", localtime(&t));
    CHECK(strcmp(b, "2023-11-14 23:13:20 CET") == 0);
    t = 1690000000;
    CHECK(localtime(&t)->tm_isdst == 1);
    CHECK_EQ(gmtime(&far)->tm_year, 228); /* past 2038 */
    CHECK(strptime("2024-02-29 12:00", "%Y-%m-%d %H:%M", &tm));
    CHECK_EQ(timegm(&tm), 1709208000);
}

static void
text(void)
{
    regex_t r;
    regmatch_t m[2];
    wchar_t w[8];
    char b[32], *in = "h\303\251", *out = b;
    size_t nin = 3, nout = sizeof b;
    iconv_t cd;

    CHECK_EQ(regcomp(&r, "^([a-z]+)[0-9]{2}$", REG_EXTENDED), 0);
    CHECK_EQ(regexec(&r, "abc42", 2, m, 0), 0);
    CHECK_EQ(m[1].rm_eo, 3);
    CHECK_EQ(regexec(&r, "abc4", 2, m, 0), REG_NOMATCH);
    regfree(&r);
    CHECK_EQ(fnmatch("*.[ch]", "a.c", 0), 0);
    CHECK(setlocale(LC_ALL, "C.UTF-8"));
    CHECK_EQ(mbstowcs(w, "h\303\251\342\202\254", 8), 3);
    CHECK(w[1] == 0xe9 && w[2] == 0x20ac && wcwidth(0x4e2d) == 2);
    CHECK(strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
    cd = iconv_open("ISO-8859-1", "UTF-8");
    CHECK(cd != (iconv_t)-1);
    CHECK_EQ(iconv(cd, &in, &nin, &out, &nout), 0);
    CHECK((unsigned char)b[1] == 0xe9);
    iconv_close(cd);
    CHECK(strcmp(strerror(ENOTCAPABLE), strerror(12345)) != 0 ||
          strerror(ENOENT)[0] == 'N');
    CHECK(strcmp(strerror(ENOENT), "No such file or directory") == 0);
    CHECK(strcmp(strsignal(SIGTERM), "Terminated") == 0);
}

static int visited;

static int
visit(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)path, (void)st, (void)f;
    visited += type == FTW_F ? 1 : 100;
    return 0;
}

static int
not_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void
trees(void)
{
    glob_t g;
    struct dirent **names;
    char b[PATH_MAX], made[] = "tmpXXXXXX", dir[] = "dirXXXXXX";
    FILE *f;
    int fd;

    CHECK_EQ(mkdir("d", 0755), 0);
    put_file("d/b.c", "b");
    put_file("d/a.c", "a");
    put_file("d/x.h", "x");
    CHECK_EQ(glob("d/*.c", 0, NULL, &g), 0);
    CHECK_EQ(g.gl_pathc, 2);
    CHECK(strcmp(g.gl_pathv[0], "d/a.c") == 0);
    globfree(&g);
    CHECK_EQ(nftw("d", visit, 8, FTW_PHYS), 0);
    CHECK_EQ(visited, 103);
    CHECK_EQ(scandir("d", &names, not_dots, alphasort), 3);
    CHECK(strcmp(names[0]->d_name, "a.c") == 0);
    CHECK_EQ(symlink("d/../d", "s"), 0);
    CHECK(realpath("s/a.c", b));
    CHECK(strcmp(b + strlen(scratch), "/d/a.c") == 0);
    fd = mkstemp(made);
    CHECK(fd >= 0 && access(made, F_OK) == 0);
    CHECK(mkdtemp(dir));
    f = tmpfile();
    CHECK(f && fputs("t", f) >= 0 && fclose(f) == 0);
}

static void
streams(void)
{
    FILE *f = fopen("f", "w+");
    char *line = NULL, b[8];
    size_t room = 0;

    CHECK(f);
    for (int i = 0; i < 5000; i++)
        fprintf(f, "line %d\n", i);
    rewind(f);
    CHECK_EQ(getline(&line, &room, f), 7);
    CHECK(strcmp(line, "line 0\n") == 0);
    CHECK_EQ(fseeko(f, -10, SEEK_END), 0);
    CHECK_EQ(getline(&line, &room, f), 10);
    CHECK_EQ(fgetc(f), EOF);
    CHECK(feof(f) && !ferror(f));
    fclose(f);
    free(line);
    f = fopen("f", "a");
    fputs("more", f);
    fclose(f);
    CHECK(!fopen("f", "wx") && errno == EEXIST);
    f = fmemopen(b, sizeof b, "w");
    CHECK(f && fputs("mem", f) >= 0 && fclose(f) == 0);
    CHECK(strcmp(b, "mem") == 0);
    f = open_memstream(&line, &room);
    CHECK(f && fprintf(f, "%d", 12345) == 5 && fclose(f) == 0);
    CHECK(strcmp(line, "12345") == 0 && room == 5);
}

static void *
never(void *arg)
{
    return arg;
}

static void
once(void)
{
    visited++;
}

static void
the_one_thread(void)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_once_t o = PTHREAD_ONCE_INIT;
    pthread_key_t k;
    pthread_t t;

    CHECK_EQ(pthread_mutex_lock(&m), 0);
    CHECK_EQ(pthread_mutex_trylock(&m), EBUSY);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    visited = 0;
    pthread_once(&o, once);
    pthread_once(&o, once);
    CHECK_EQ(visited, 1);
    CHECK_EQ(pthread_key_create(&k, NULL), 0);
    CHECK_EQ(pthread_setspecific(k, &k), 0);
    CHECK(pthread_getspecific(k) == &k);
    CHECK_EQ(pthread_create(&t, NULL, never, NULL), EAGAIN);
}

static void
configuration(void)
{
    char b[64];

    CHECK(sysconf(_SC_PAGESIZE) >= 4096);
    CHECK(sysconf(_SC_OPEN_MAX) > 0);
    CHECK_EQ(sysconf(_SC_CLK_TCK), 100);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    CHECK(pathconf("/", _PC_NAME_MAX) == 255);
    CHECK(confstr(_CS_PATH, b, sizeof b) > 0);
    CHECK_EQ(setenv("NEW", "v", 1), 0);
    CHECK(strcmp(getenv("NEW"), "v") == 0);
    CHECK_EQ(unsetenv("NEW"), 0);
    CHECK(!getenv("NEW"));
    syslog(LOG_DEBUG, "a line for nobody");
}

static void
the_heap(void)
{
    volatile size_t absurd = (size_t)-100;
    void *volatile got; /* or the compiler, knowing malloc, leaves it out */
    void *p[200];
    char *big;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            p[i] = malloc((size_t)(i * 97 + round));
            CHECK(p[i]);
            memset(p[i], i, (size_t)(i * 97 + round));
        }
        for (int i = 0; i < 200; i += 2)
            free(p[i]);
        for (int i = 1; i < 200; i += 2)
            free(p[i]);
    }
    big = malloc(20 << 20);
    CHECK(big);
    big[(20 << 20) - 1] = 1;
    big = realloc(big, 30 << 20);
    CHECK(big && big[(20 << 20) - 1] == 1);
    free(big);
    got = malloc(absurd);
    CHECK(!got);
    got = calloc(absurd, 16);
    CHECK(!got);
    CHECK(((uintptr_t)aligned_alloc(4096, 8192) & 4095) == 0);
}

const struct test library_tests[] = {
    {"numbers", numbers, ""},
    {"time_and_zone", time_and_zone, ""},
    {"text", text, ""},
    {"trees", trees, ""},
    {"streams", streams, ""},
    {"the_one_thread", the_one_thread, ""},
    {"configuration", configuration, ""},
    {"the_heap", the_heap, ""},
    {NULL, NULL, NULL},
};
const struct role library_roles[] = {{NULL, NULL}};
