/* SPDX-License-Identifier: Apache-2.0 */
/* Flame graphs; see flame.h. */
#include "flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1200.0
#define ROW 17
#define TOP 40
#define PAD 10.0
#define CHAR 6.9 /* width of one, about */
#define NARROWEST 0.05

/* ---- stacks ---- */

void
flame_add(struct flame *f, const char *stack, uint64_t samples)
{
    char *copy = strdup(stack);

    if (f->n == f->cap) {
        uint32_t cap = f->cap ? f->cap * 2 : 256;
        struct flame_stack *v = realloc(f->v, cap * sizeof *v);

        if (v) {
            f->v = v;
            f->cap = cap;
        }
    }
    if (!copy || f->n == f->cap) {
        free(copy);
        f->failed = true;
        return;
    }
    f->v[f->n++] = (struct flame_stack){copy, samples};
}

void
flame_finish(struct flame *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        free(f->v[i].text);
    free(f->v);
    *f = (struct flame){0};
}

/* Frame by frame, so that equal ones lie side by side: the separator comes
 * before every other character. */
static int
by_frames(const void *a, const void *b)
{
    const char *x = ((const struct flame_stack *)a)->text;
    const char *y = ((const struct flame_stack *)b)->text;

    for (; *x && *x == *y; x++, y++)
        ;
    if (!*x || !*y)
        return (*x != 0) - (*y != 0);
    if (*x == ';' || *y == ';')
        return *x == ';' ? -1 : 1;
    return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
}

/* In order, each once. */
static void
settle(struct flame *f)
{
    uint32_t n = 0;

    if (f->n)
        qsort(f->v, f->n, sizeof *f->v, by_frames);
    for (uint32_t i = 0; i < f->n; i++) {
        if (n && strcmp(f->v[n - 1].text, f->v[i].text) == 0) {
            f->v[n - 1].samples += f->v[i].samples;
            free(f->v[i].text);
        } else {
            f->v[n++] = f->v[i];
        }
    }
    f->n = n;
}

void
flame_folded(struct flame *f, FILE *out)
{
    settle(f);
    for (uint32_t i = 0; i < f->n; i++)
        fprintf(out, "%s %" PRIu64 "\n", f->v[i].text, f->v[i].samples);
}

/* ---- drawing ---- */

/* Bytes of the character at s, 0 when it is none that XML takes. */
static size_t
character(const unsigned char *s, size_t n)
{
    size_t len = *s < 0x80                 ? 1
                 : *s >= 0xc2 && *s < 0xe0 ? 2
                 : *s >= 0xe0 && *s < 0xf0 ? 3
                 : *s >= 0xf0 && *s < 0xf5 ? 4
                                           : 0;

    if (len == 0 || len > n || *s < 0x20 || *s == 0x7f)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
        (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f) ||
        (*s == 0xef && s[1] == 0xbf && s[2] > 0xbd))
        return 0;
    return len;
}

/* At most `most` characters of text, safe in XML. */
static void
put_xml(FILE *out, const char *text, size_t n, size_t most)
{
    const unsigned char *s = (const unsigned char *)text;

    while (n && most--) {
        size_t len = character(s, n);

        if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else if (*s == '"')
            fputs("&quot;", out);
        else if (!len)
            fputc('?', out);
        else
            fwrite(s, 1, len, out);
        s += len ? len : 1;
        n -= len ? len : 1;
    }
}

static size_t
characters(const char *text, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Warm for programs, cool for host functions; the same for the same name. */
static void
put_colour(FILE *out, const char *name, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    if (n && *name == '[')
        fprintf(out, "rgb(%u,%u,%u)", 90 + h % 50, 150 + (h >> 8) % 60,
                210 + (h >> 16) % 40);
    else
        fprintf(out, "rgb(%u,%u,%u)", 205 + h % 50, 90 + (h >> 8) % 110,
                40 + (h >> 16) % 40);
}

struct drawing {
    FILE *out;
    uint64_t total;
    uint32_t depth; /* rows */
};

static void
box(const struct drawing *d, uint32_t level, uint64_t from, uint64_t to,
    const char *name, size_t n)
{
    double scale = (WIDTH - 2 * PAD) / (double)d->total;
    double x = PAD + (double)from * scale, w = (double)(to - from) * scale;
    double y = TOP + (double)(d->depth - 1 - level) * ROW;
    size_t fits = w > 2 * CHAR ? (size_t)((w - 4) / CHAR) : 0;
    size_t have = characters(name, n);

    if (w < NARROWEST)
        return;
    fprintf(d->out,
            "<g class=\"f\" data-x=\"%" PRIu64 "\" data-w=\"%" PRIu64
            "\" data-d=\"%" PRIu32 "\"><title>",
            from, to - from, level);
    put_xml(d->out, name, n, SIZE_MAX);
    fprintf(d->out, " (%" PRIu64 " samples, %.2f%%)</title>", to - from,
            100.0 * (double)(to - from) / (double)d->total);
    fprintf(d->out,
            "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" "
            "fill=\"",
            x, y, w, ROW - 1);
    put_colour(d->out, name, n);
    fprintf(d->out, "\"/><text x=\"%.2f\" y=\"%.0f\">", x + 3, y + 12);
    if (fits >= 3) {
        put_xml(d->out, name, n, have <= fits ? SIZE_MAX : fits - 2);
        fputs(have <= fits ? "" : "..", d->out);
    }
    fputs("</text></g>\n", d->out);
}

/* Does the frame that begins at text[at] also stand there in other, under the
 * same callers? */
static bool
shared(const char *text, size_t end, const char *other)
{
    return strncmp(text, other, end) == 0 &&
           (other[end] == ';' || other[end] == '\0');
}

/* Each frame of stack i that the stack before did not have: it reaches over
 * all stacks behind that share it. */
static void
boxes(const struct flame *f, const struct drawing *d, uint32_t i, uint64_t from)
{
    const char *text = f->v[i].text;
    uint32_t level = 0;

    for (size_t at = 0;; level++) {
        size_t end = at + strcspn(text + at, ";");

        if (!i || !shared(text, end, f->v[i - 1].text)) {
            uint64_t to = from;

            for (uint32_t k = i; k < f->n && shared(text, end, f->v[k].text);
                 k++)
                to += f->v[k].samples;
            box(d, level + 1, from, to, text + at, end - at);
        }
        if (!text[end])
            return;
        at = end + 1;
    }
}

static uint32_t
depth_of(const char *text)
{
    uint32_t n = 1;

    for (; *text; text++)
        n += *text == ';';
    return n;
}

static const char style[] =
    "<style>text{font:12px sans-serif;fill:#222;pointer-events:none}"
    "rect{stroke:#fff;stroke-width:.4;cursor:pointer}"
    ".f:hover rect{stroke:#000;stroke-width:1}"
    ".up{opacity:.55}#reset{pointer-events:all;cursor:pointer;"
    "text-decoration:underline;display:none}</style>\n";

/* Zoom: the clicked frame takes the whole width; what is under it too, paler;
 * what is beside it goes. */
static const char script[] =
    "<script><![CDATA[\n"
    "const all=[...document.querySelectorAll('.f')],W=1180,P=10;\n"
    "const num=(g,k)=>+g.dataset[k];\n"
    "function zoom(x,w,d){for(const g of all){const a=num(g,'x'),b=num(g,'w'),"
    "up=num(g,'d')<d;\n"
    " const on=up?a<=x&&a+b>=x+w:a>=x&&a+b<=x+w;\n"
    " g.style.display=on?'':'none';g.classList.toggle('up',on&&up);"
    "if(!on)continue;\n"
    " const l=up?P:P+(a-x)/w*W,n=up?W:b/w*W,r=g.children[1],t=g.children[2];\n"
    " r.setAttribute('x',l);r.setAttribute('width',n);"
    "t.setAttribute('x',l+3);\n"
    " const s=g.children[0].textContent.replace(/ \\([^(]*\\)$/,''),"
    "c=Math.floor((n-4)/6.9);\n"
    " t.textContent=c<3?'':s.length<=c?s:s.slice(0,c-2)+'..';}\n"
    " document.getElementById('reset').style.display=d?'inline':'none';}\n"
    "for(const g of all)g.addEventListener('click',"
    "()=>zoom(num(g,'x'),num(g,'w'),num(g,'d')));\n"
    "document.getElementById('reset').addEventListener('click',"
    "()=>zoom(0,num(all[0],'w'),0));\n"
    "]]></script>\n";

void
flame_svg(struct flame *f, const char *title, FILE *out)
{
    struct drawing d = {.out = out, .depth = 1};
    uint64_t from = 0;
    int height;

    settle(f);
    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t depth = depth_of(f->v[i].text) + 1;

        d.depth = depth > d.depth ? depth : d.depth;
        d.total += f->v[i].samples;
    }
    height = TOP + (int)d.depth * ROW + 10;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" viewBox=\"0 0 %d %d\">\n",
            (int)WIDTH, height, (int)WIDTH, height);
    fputs(style, out);
    fputs("<rect width=\"100%\" height=\"100%\" fill=\"#fbfaf6\" "
          "style=\"cursor:auto\"/>\n<text x=\"10\" y=\"24\">",
          out);
    put_xml(out, title, strlen(title), 120);
    fputs("</text>\n<text id=\"reset\" x=\"1090\" y=\"24\">show all</text>\n",
          out);
    if (d.total)
        box(&d, 0, 0, d.total, "all", 3);
    for (uint32_t i = 0; i < f->n && d.total; i++) {
        boxes(f, &d, i, from);
        from += f->v[i].samples;
    }
    fputs(script, out);
    fputs("</svg>\n", out);
}
