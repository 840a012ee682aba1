/*
 * The scanner behind the slices.
 *
 * One pass over the text, no recursion and no tree: the brackets that are open
 * are bits of a fixed stack, so that neither depth nor size of a hostile text
 * costs more than its bytes.  Nothing is ever read at or beyond the end.
 */

#include <string.h>

#include "aime_json.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


/* one more value has to follow; never leaves this file */
#define AIME_JSON_AGAIN     1

#define AIME_JSON_MIN_ELTS  16

#define AIME_JSON_ONES      0x0101010101010101ULL
#define AIME_JSON_HIGHS     (AIME_JSON_ONES * 0x80)

#define aime_json_is_digit(c)  ((unsigned char) ((c) - '0') < 10)


typedef struct {
    const unsigned char  *start;
    const unsigned char  *pos;
    const unsigned char  *end;
    aime_json_error_t    *error;
    int                   escaped;      /* was the last name */
    size_t                depth;
    uint64_t              objects[AIME_JSON_MAX_DEPTH / 64];
} aime_json_scanner_t;


/*
 * A node of the crit-bit tree over the names: the byte and the bit of it in
 * which the names below differ first.  A child that is not negative is a node,
 * a negative one the member ~child.
 */

typedef struct {
    size_t                byte;
    unsigned char         bit;
    int                   child[2];
} aime_json_node_t;


/* The list while it grows; nodes[i] came with member i, nodes[0] is unused. */

typedef struct {
    aime_pool_t          *pool;
    aime_json_member_t   *elts;
    size_t                nelts;
    size_t                nalloc;
    aime_json_node_t     *nodes;
    int                   root;
} aime_json_list_t;


static void aime_json_start(aime_json_scanner_t *s, aime_str_t text,
    aime_json_error_t *error);
static int aime_json_fail(aime_json_scanner_t *s, const unsigned char *at,
    const char *reason);
static inline void aime_json_space(aime_json_scanner_t *s);
static int aime_json_end(aime_json_scanner_t *s);
static int aime_json_value(aime_json_scanner_t *s, aime_json_value_t *value);
static int aime_json_nested(aime_json_scanner_t *s);
static inline int aime_json_open(aime_json_scanner_t *s);
static int aime_json_next(aime_json_scanner_t *s, size_t base);
static inline int aime_json_top(aime_json_scanner_t *s);
static int aime_json_name(aime_json_scanner_t *s, aime_str_t *name);
static int aime_json_scalar(aime_json_scanner_t *s);
static int aime_json_literal(aime_json_scanner_t *s, const char *word);
static int aime_json_number(aime_json_scanner_t *s);
static const unsigned char *aime_json_digits(aime_json_scanner_t *s,
    const unsigned char *p);
static int aime_json_string(aime_json_scanner_t *s);
static inline const unsigned char *aime_json_plain(const unsigned char *p,
    const unsigned char *end);
static size_t aime_json_escape(const unsigned char *p,
    const unsigned char *end);
static size_t aime_json_utf8_char(const unsigned char *p,
    const unsigned char *end);

static int aime_json_list(aime_json_scanner_t *s, aime_json_list_t *list);
static int aime_json_list_add(aime_json_scanner_t *s, aime_json_list_t *list,
    aime_str_t raw, const aime_json_member_t *member);
static int aime_json_list_room(aime_json_list_t *list);
static size_t aime_json_list_find(aime_json_list_t *list, aime_str_t name);
static void aime_json_tree_add(aime_json_list_t *list, size_t i);
static int aime_json_tree_leaf(const aime_json_list_t *list, aime_str_t name);
static unsigned int aime_json_key(const aime_str_t *name, size_t byte);
static size_t aime_json_differ(const aime_str_t *a, const aime_str_t *b);
static void *aime_json_grow(aime_pool_t *pool, const void *elts, size_t nelts,
    size_t nalloc, size_t size);

static uint32_t aime_json_escaped(const unsigned char **pos,
    const unsigned char *end);
static uint32_t aime_json_hex4(const unsigned char *p);
static unsigned char *aime_json_encode(unsigned char *dst, uint32_t c);
static size_t aime_json_count(const unsigned char *p,
    const unsigned char *end);
static size_t aime_json_quote_char(unsigned char *dst,
    const unsigned char **pos, const unsigned char *end);


int
aime_json_scan(aime_str_t text, aime_json_value_t *value,
    aime_json_error_t *error)
{
    aime_json_scanner_t  s;

    aime_json_start(&s, text, error);
    aime_json_space(&s);

    if (aime_json_value(&s, value) != AIME_OK) {
        return AIME_ERROR;
    }

    return aime_json_end(&s);
}


int
aime_json_members(aime_pool_t *pool, aime_str_t text,
    aime_json_members_t *members, aime_json_error_t *error)
{
    int                  rc;
    aime_json_list_t     list;
    aime_json_scanner_t  s;

    aime_json_start(&s, text, error);
    aime_json_space(&s);

    if (s.pos == s.end || *s.pos != '{') {
        return aime_json_fail(&s, s.pos, "object expected");
    }

    memset(&list, 0, sizeof(aime_json_list_t));
    list.pool = pool;

    rc = aime_json_list(&s, &list);

    if (rc == AIME_OK) {
        rc = aime_json_end(&s);
    }

    if (rc == AIME_OK) {
        members->elts = list.elts;
        members->nelts = list.nelts;
    }

    return rc;
}


int
aime_json_elements(aime_pool_t *pool, aime_str_t text,
    aime_json_elements_t *elements, aime_json_error_t *error)
{
    int                   rc;
    size_t                n, nalloc;
    aime_json_value_t    *elts, *grown;
    aime_json_scanner_t   s;

    aime_json_start(&s, text, error);
    aime_json_space(&s);

    if (s.pos == s.end || *s.pos != '[') {
        return aime_json_fail(&s, s.pos, "array expected");
    }

    elts = NULL;
    n = 0;
    nalloc = 0;

    for (rc = aime_json_open(&s);
         rc == AIME_JSON_AGAIN;
         rc = aime_json_next(&s, 0))
    {
        if (n == AIME_JSON_MAX_MEMBERS) {
            return aime_json_fail(&s, s.pos, "too many elements");
        }

        if (n == nalloc) {
            nalloc = n ? n * 2 : AIME_JSON_MIN_ELTS;
            grown = aime_json_grow(pool, elts, n, nalloc,
                                   sizeof(aime_json_value_t));
            if (grown == NULL) {
                return AIME_NOMEM;
            }

            elts = grown;
        }

        if (aime_json_value(&s, &elts[n++]) != AIME_OK) {
            return AIME_ERROR;
        }
    }

    if (rc != AIME_OK || aime_json_end(&s) != AIME_OK) {
        return AIME_ERROR;
    }

    elements->elts = elts;
    elements->nelts = n;

    return AIME_OK;
}


aime_json_member_t *
aime_json_member(const aime_json_members_t *members, aime_str_t name)
{
    size_t               i;
    aime_json_member_t  *m;

    for (i = 0; i < members->nelts; i++) {
        m = &members->elts[i];

        if (m->name.len == name.len
            && (name.len == 0
                || memcmp(m->name.data, name.data, name.len) == 0))
        {
            return m;
        }
    }

    return NULL;
}


static void
aime_json_start(aime_json_scanner_t *s, aime_str_t text,
    aime_json_error_t *error)
{
    /* no arithmetic with a null pointer, not even + 0 */

    s->start = text.len ? text.data : (const unsigned char *) "";
    s->pos = s->start;
    s->end = s->start + text.len;
    s->error = error;
    s->depth = 0;
    memset(s->objects, 0, sizeof(s->objects));
}


/* Whatever was expected: at the end of the text, the end is the reason. */

static int
aime_json_fail(aime_json_scanner_t *s, const unsigned char *at,
    const char *reason)
{
    s->error->reason = (at == s->end) ? "unexpected end of text" : reason;
    s->error->offset = at - s->start;

    return AIME_ERROR;
}


static inline void
aime_json_space(aime_json_scanner_t *s)
{
    const unsigned char  *p;

    for (p = s->pos; p < s->end; p++) {

        if (*p > ' ') {
            break;
        }

        if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t') {
            break;
        }
    }

    s->pos = p;
}


/* Behind the value nothing but white space may stand. */

static int
aime_json_end(aime_json_scanner_t *s)
{
    aime_json_space(s);

    if (s->pos != s->end) {
        return aime_json_fail(s, s->pos, "unexpected text after the value");
    }

    return AIME_OK;
}


/* Passes the value that begins right here and describes it. */

static int
aime_json_value(aime_json_scanner_t *s, aime_json_value_t *value)
{
    const unsigned char  *start;

    start = s->pos;

    if (aime_json_nested(s) != AIME_OK) {
        return AIME_ERROR;
    }

    value->text.data = start;
    value->text.len = s->pos - start;
    value->plain = 0;

    switch (*start) {

    case '{':
        value->type = AIME_JSON_OBJECT;
        break;

    case '[':
        value->type = AIME_JSON_ARRAY;
        break;

    case '"':
        value->type = AIME_JSON_STRING;
        break;

    case 't':
        value->type = AIME_JSON_TRUE;
        break;

    case 'f':
        value->type = AIME_JSON_FALSE;
        break;

    case 'n':
        value->type = AIME_JSON_NULL;
        break;

    default:
        value->type = AIME_JSON_NUMBER;
    }

    return AIME_OK;
}


/* Passes a value with all that is in it. */

static int
aime_json_nested(aime_json_scanner_t *s)
{
    int     rc;
    size_t  base;

    base = s->depth;

    do {
        if (s->pos < s->end && (*s->pos == '{' || *s->pos == '[')) {
            rc = aime_json_open(s);

        } else {
            rc = aime_json_scalar(s);
        }

        if (rc != AIME_OK) {
            if (rc == AIME_ERROR) {
                return AIME_ERROR;
            }

        } else if (s->depth > base) {
            rc = aime_json_next(s, base);
        }

        if (rc == AIME_JSON_AGAIN && aime_json_top(s)) {
            if (aime_json_name(s, NULL) != AIME_OK) {
                return AIME_ERROR;
            }
        }

    } while (rc == AIME_JSON_AGAIN);

    return rc;
}


/*
 * Passes an opening bracket.  AIME_JSON_AGAIN: something is in there, its
 * first byte comes next; AIME_OK: it was empty and is closed again.
 */

static inline int
aime_json_open(aime_json_scanner_t *s)
{
    uint64_t       bit;
    unsigned char  c;

    if (s->depth == AIME_JSON_MAX_DEPTH) {
        return aime_json_fail(s, s->pos, "nesting too deep");
    }

    c = *s->pos++;
    bit = (uint64_t) 1 << (s->depth % 64);

    if (c == '{') {
        s->objects[s->depth / 64] |= bit;

    } else {
        s->objects[s->depth / 64] &= ~bit;
    }

    aime_json_space(s);

    /* in ASCII both closing brackets are the opening ones + 2 */

    if (s->pos < s->end && *s->pos == c + 2) {
        s->pos++;
        return AIME_OK;
    }

    s->depth++;

    return AIME_JSON_AGAIN;
}


/*
 * Behind a value: passes the brackets that close there, down to the depth
 * base.  AIME_JSON_AGAIN: a comma came first, and the next member or element
 * of the bracket that is still open begins here.
 */

static int
aime_json_next(aime_json_scanner_t *s, size_t base)
{
    int  object;

    while (s->depth > base) {
        aime_json_space(s);

        if (s->pos == s->end) {
            return aime_json_fail(s, s->pos, NULL);
        }

        if (*s->pos == ',') {
            s->pos++;
            aime_json_space(s);
            return AIME_JSON_AGAIN;
        }

        object = aime_json_top(s);

        if (*s->pos != (object ? '}' : ']')) {
            return aime_json_fail(s, s->pos, object
                                             ? "comma or } expected"
                                             : "comma or ] expected");
        }

        s->pos++;
        s->depth--;
    }

    return AIME_OK;
}


/* Is the innermost open bracket an object's? */

static inline int
aime_json_top(aime_json_scanner_t *s)
{
    size_t  i;

    i = s->depth - 1;

    return (s->objects[i / 64] >> (i % 64)) & 1;
}


/* Passes a name and its colon, up to the value; *name is the raw string. */

static int
aime_json_name(aime_json_scanner_t *s, aime_str_t *name)
{
    const unsigned char  *start;

    start = s->pos;

    if (start == s->end || *start != '"') {
        return aime_json_fail(s, start, "name expected");
    }

    s->escaped = 0;

    if (aime_json_string(s) != AIME_OK) {
        return AIME_ERROR;
    }

    if (name) {
        name->data = start;
        name->len = s->pos - start;
    }

    aime_json_space(s);

    if (s->pos == s->end || *s->pos != ':') {
        return aime_json_fail(s, s->pos, "colon expected");
    }

    s->pos++;
    aime_json_space(s);

    return AIME_OK;
}


static int
aime_json_scalar(aime_json_scanner_t *s)
{
    if (s->pos == s->end) {
        return aime_json_fail(s, s->pos, NULL);
    }

    switch (*s->pos) {

    case '"':
        return aime_json_string(s);

    case 't':
        return aime_json_literal(s, "true");

    case 'f':
        return aime_json_literal(s, "false");

    case 'n':
        return aime_json_literal(s, "null");

    default:
        if (*s->pos == '-' || aime_json_is_digit(*s->pos)) {
            return aime_json_number(s);
        }

        return aime_json_fail(s, s->pos, "value expected");
    }
}


static int
aime_json_literal(aime_json_scanner_t *s, const char *word)
{
    const unsigned char  *p;

    for (p = s->pos; *word; p++, word++) {
        if (p == s->end || *p != (unsigned char) *word) {
            return aime_json_fail(s, p, "invalid literal");
        }
    }

    s->pos = p;

    return AIME_OK;
}


static int
aime_json_number(aime_json_scanner_t *s)
{
    const unsigned char  *p;

    p = s->pos;

    if (*p == '-') {
        p++;
    }

    if (p < s->end && *p == '0') {
        p++;

        if (p < s->end && aime_json_is_digit(*p)) {
            return aime_json_fail(s, p, "leading zero in a number");
        }

    } else if ((p = aime_json_digits(s, p)) == NULL) {
        return AIME_ERROR;
    }

    if (p < s->end && *p == '.') {
        p = aime_json_digits(s, p + 1);
        if (p == NULL) {
            return AIME_ERROR;
        }
    }

    if (p < s->end && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < s->end && (*p == '+' || *p == '-')) {
            p++;
        }

        p = aime_json_digits(s, p);
        if (p == NULL) {
            return AIME_ERROR;
        }
    }

    s->pos = p;

    return AIME_OK;
}


/* The end of one or more digits, or NULL with the error set. */

static const unsigned char *
aime_json_digits(aime_json_scanner_t *s, const unsigned char *p)
{
    const unsigned char  *start;

    start = p;

    while (p < s->end && aime_json_is_digit(*p)) {
        p++;
    }

    if (p == start) {
        (void) aime_json_fail(s, p, "invalid number");
        return NULL;
    }

    return p;
}


/* Passes a string that begins right here. */

static int
aime_json_string(aime_json_scanner_t *s)
{
    size_t                n;
    const char           *reason;
    const unsigned char  *p;

    p = s->pos + 1;

    for ( ;; ) {
        p = aime_json_plain(p, s->end);

        if (p == s->end) {
            return aime_json_fail(s, p, NULL);
        }

        if (*p == '"') {
            s->pos = p + 1;
            return AIME_OK;
        }

        do {
            if (*p == '\\') {
                s->escaped = 1;
                n = aime_json_escape(p, s->end);
                reason = "invalid escape";

            } else if (*p >= 0x80) {
                n = aime_json_utf8_char(p, s->end);
                reason = "invalid UTF-8";

            } else {
                n = 0;
                reason = "control character in a string";
            }

            if (n == 0) {
                return aime_json_fail(s, p, reason);
            }

            p += n;

            /* in most languages such a character has others around it */

        } while (p < s->end && *p >= 0x80);
    }
}


/*
 * The first byte that needs a look: a quotation mark, a backslash, a control
 * character or one of a multi-byte character; else the end.
 */

static inline const unsigned char *
aime_json_plain(const unsigned char *p, const unsigned char *end)
{
#if defined(__SSE2__)

    int      mask;
    __m128i  x, bad;

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) (const void *) p);

        /* signed, so that bytes from 0x80 on are less than a space too */

        bad = _mm_cmplt_epi8(x, _mm_set1_epi8(' '));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));

        mask = _mm_movemask_epi8(bad);

        if (mask) {
            return p + __builtin_ctz((unsigned int) mask);
        }

        p += 16;
    }

#else

    uint64_t  x, quote, slash, bad;

    while (end - p >= 8) {
        memcpy(&x, p, 8);

        quote = x ^ (AIME_JSON_ONES * '"');
        slash = x ^ (AIME_JSON_ONES * '\\');

        /* a byte that was 0, or less than a space, borrows its high bit */

        bad = ((quote - AIME_JSON_ONES) & ~quote)
              | ((slash - AIME_JSON_ONES) & ~slash)
              | (x - AIME_JSON_ONES * ' ')
              | x;

        if (bad & AIME_JSON_HIGHS) {
            break;
        }

        p += 8;
    }

#endif

    while (p < end && *p >= ' ' && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


/* Bytes of the escape that begins here, 0 if it is none. */

static size_t
aime_json_escape(const unsigned char *p, const unsigned char *end)
{
    size_t         i;
    unsigned char  c;

    if (end - p < 2) {
        return 0;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;

    case 'u':
        break;

    default:
        return 0;
    }

    if (end - p < 6) {
        return 0;
    }

    for (i = 2; i < 6; i++) {
        c = p[i] | 0x20;

        if (!aime_json_is_digit(p[i]) && (c < 'a' || c > 'f')) {
            return 0;
        }
    }

    return 6;
}


/* Bytes of the character that begins here, 0 if it is not well-formed. */

static size_t
aime_json_utf8_char(const unsigned char *p, const unsigned char *end)
{
    size_t         i, n;
    unsigned char  c, min, max;

    c = *p;

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    n = 2 + (c >= 0xe0) + (c >= 0xf0);

    if ((size_t) (end - p) < n) {
        return 0;
    }

    /* overlong forms, surrogates, beyond U+10FFFF: the second byte tells */

    min = (c == 0xe0) ? 0xa0 : (c == 0xf0) ? 0x90 : 0x80;
    max = (c == 0xed) ? 0x9f : (c == 0xf4) ? 0x8f : 0xbf;

    if (p[1] < min || p[1] > max) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


/* Lists the members of the object that begins right here. */

static int
aime_json_list(aime_json_scanner_t *s, aime_json_list_t *list)
{
    int                 rc;
    aime_str_t          raw;
    aime_json_member_t  member;

    for (rc = aime_json_open(s);
         rc == AIME_JSON_AGAIN;
         rc = aime_json_next(s, 0))
    {
        if (aime_json_name(s, &raw) != AIME_OK) {
            return AIME_ERROR;
        }

        member.name.data = raw.data + 1;
        member.name.len = raw.len - 2;

        if (s->escaped
            && aime_json_decode(list->pool, raw, &member.name) != AIME_OK)
        {
            return AIME_NOMEM;
        }

        if (aime_json_value(s, &member.value) != AIME_OK) {
            return AIME_ERROR;
        }

        rc = aime_json_list_add(s, list, raw, &member);
        if (rc != AIME_OK) {
            return rc;
        }
    }

    return rc;
}


static int
aime_json_list_add(aime_json_scanner_t *s, aime_json_list_t *list,
    aime_str_t raw, const aime_json_member_t *member)
{
    size_t  i;

    i = aime_json_list_find(list, member->name);

    if (i < list->nelts) {
        list->elts[i].value = member->value;
        return AIME_OK;
    }

    if (list->nelts == AIME_JSON_MAX_MEMBERS) {
        return aime_json_fail(s, raw.data, "too many members");
    }

    if (list->nelts == list->nalloc && aime_json_list_room(list) != AIME_OK) {
        return AIME_NOMEM;
    }

    list->elts[i] = *member;
    list->nelts++;

    if (list->nodes) {
        aime_json_tree_add(list, i);
    }

    return AIME_OK;
}


/*
 * Doubles the list, as the pool takes nothing back.  A list that outgrows its
 * first size gets its tree: up to there looking at every name is cheaper.
 */

static int
aime_json_list_room(aime_json_list_t *list)
{
    size_t               i, nalloc;
    aime_json_node_t    *nodes;
    aime_json_member_t  *elts;

    nalloc = list->nalloc ? list->nalloc * 2 : AIME_JSON_MIN_ELTS;

    elts = aime_json_grow(list->pool, list->elts, list->nelts, nalloc,
                          sizeof(aime_json_member_t));
    if (elts == NULL) {
        return AIME_NOMEM;
    }

    list->elts = elts;
    list->nalloc = nalloc;

    if (nalloc == AIME_JSON_MIN_ELTS) {
        return AIME_OK;
    }

    nodes = aime_json_grow(list->pool, list->nodes,
                           list->nodes ? list->nelts : 0, nalloc,
                           sizeof(aime_json_node_t));
    if (nodes == NULL) {
        return AIME_NOMEM;
    }

    if (list->nodes) {
        list->nodes = nodes;
        return AIME_OK;
    }

    list->nodes = nodes;

    for (i = 0; i < list->nelts; i++) {
        aime_json_tree_add(list, i);
    }

    return AIME_OK;
}


/* The index of the member of that name, nelts if there is none. */

static size_t
aime_json_list_find(aime_json_list_t *list, aime_str_t name)
{
    size_t              i;
    const aime_str_t   *other;

    if (list->nodes) {
        i = aime_json_tree_leaf(list, name);
        other = &list->elts[i].name;

        return (aime_json_differ(&name, other) == (size_t) -1) ? i
                                                               : list->nelts;
    }

    for (i = 0; i < list->nelts; i++) {
        other = &list->elts[i].name;

        if (other->len == name.len
            && (name.len == 0
                || memcmp(other->data, name.data, name.len) == 0))
        {
            break;
        }
    }

    return i;
}


/*
 * Hangs member i, whose name is new, into the tree.  A crit-bit tree and no
 * hash, since a client that chooses the names cannot make it degenerate: the
 * way down is never longer than the name has bits.
 */

static void
aime_json_tree_add(aime_json_list_t *list, size_t i)
{
    int                *link;
    size_t              byte;
    unsigned int        diff;
    const aime_str_t   *name, *other;
    aime_json_node_t   *node;

    if (i == 0) {
        list->root = ~0;
        return;
    }

    name = &list->elts[i].name;
    other = &list->elts[aime_json_tree_leaf(list, *name)].name;

    byte = aime_json_differ(name, other);
    diff = aime_json_key(name, byte) ^ aime_json_key(other, byte);

    while (diff & (diff - 1)) {
        diff &= diff - 1;
    }

    /* on the way to the leaf, nodes stand in the order of their bits */

    for (link = &list->root; *link >= 0; /* void */ ) {
        node = &list->nodes[*link];

        if (node->byte > byte || (node->byte == byte && node->bit < diff)) {
            break;
        }

        link = &node->child[!!(aime_json_key(name, node->byte) & node->bit)];
    }

    node = &list->nodes[i];
    node->byte = byte;
    node->bit = (unsigned char) diff;

    diff = !!(aime_json_key(name, byte) & diff);
    node->child[diff] = ~(int) i;
    node->child[!diff] = *link;

    *link = (int) i;
}


/* The member that has the name, if any has: to be compared with it. */

static int
aime_json_tree_leaf(const aime_json_list_t *list, aime_str_t name)
{
    int                      i;
    const aime_json_node_t  *node;

    for (i = list->root; i >= 0; /* void */ ) {
        node = &list->nodes[i];
        i = node->child[!!(aime_json_key(&name, node->byte) & node->bit)];
    }

    return ~i;
}


/* Byte of the key of a name: its length comes first, then its bytes. */

static unsigned int
aime_json_key(const aime_str_t *name, size_t byte)
{
    if (byte < sizeof(size_t)) {
        return (name->len >> (8 * byte)) & 0xff;
    }

    byte -= sizeof(size_t);

    return (byte < name->len) ? name->data[byte] : 0;
}


/* The first byte in which the keys of two names differ, -1 if none does. */

static size_t
aime_json_differ(const aime_str_t *a, const aime_str_t *b)
{
    size_t  i;

    i = 0;

    if (a->len != b->len) {
        while (aime_json_key(a, i) == aime_json_key(b, i)) {
            i++;
        }

        return i;
    }

    while (i < a->len && a->data[i] == b->data[i]) {
        i++;
    }

    return (i == a->len) ? (size_t) -1 : i + sizeof(size_t);
}


static void *
aime_json_grow(aime_pool_t *pool, const void *elts, size_t nelts,
    size_t nalloc, size_t size)
{
    void  *p;

    p = pool->alloc(pool->ctx, nalloc * size);

    if (p && nelts) {
        memcpy(p, elts, nelts * size);
    }

    return p;
}


int
aime_json_decode(aime_pool_t *pool, aime_str_t string, aime_str_t *text)
{
    size_t                n;
    unsigned char        *dst;
    const unsigned char  *p, *end, *slash;

    p = string.data + 1;
    end = string.data + string.len - 1;

    slash = memchr(p, '\\', end - p);

    if (slash == NULL) {
        text->data = p;
        text->len = end - p;
        return AIME_OK;
    }

    /* no escape is shorter than what it stands for */

    dst = pool->alloc(pool->ctx, end - p);
    if (dst == NULL) {
        return AIME_NOMEM;
    }

    text->data = dst;

    while (slash) {
        n = slash - p;
        memcpy(dst, p, n);

        p = slash;
        dst = aime_json_encode(dst + n, aime_json_escaped(&p, end));

        slash = memchr(p, '\\', end - p);
    }

    n = end - p;
    memcpy(dst, p, n);

    text->len = dst + n - text->data;

    return AIME_OK;
}


size_t
aime_json_chars(aime_str_t string)
{
    size_t                n;
    const unsigned char  *p, *end, *slash;

    p = string.data + 1;
    end = string.data + string.len - 1;

    for (n = 0; /* void */ ; n++) {
        slash = memchr(p, '\\', end - p);

        if (slash == NULL) {
            return n + aime_json_count(p, end);
        }

        n += aime_json_count(p, slash);
        p = slash;
        (void) aime_json_escaped(&p, end);
    }
}


/*
 * The character that the (valid) escape at *pos stands for; *pos moves behind
 * it, and behind both escapes of a surrogate pair.
 */

static uint32_t
aime_json_escaped(const unsigned char **pos, const unsigned char *end)
{
    uint32_t              c, low;
    const unsigned char  *p;

    p = *pos;
    *pos = p + 2;

    switch (p[1]) {

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    case 'u':
        break;

    default:
        return p[1];
    }

    *pos = p + 6;
    c = aime_json_hex4(p + 2);

    if (c < 0xd800 || c > 0xdfff) {
        return c;
    }

    if (c < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        low = aime_json_hex4(p + 8);

        if (low >= 0xdc00 && low <= 0xdfff) {
            *pos = p + 12;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }

    return 0xfffd;
}


static uint32_t
aime_json_hex4(const unsigned char *p)
{
    size_t         i;
    uint32_t       c;
    unsigned char  digit;

    c = 0;

    for (i = 0; i < 4; i++) {
        digit = aime_json_is_digit(p[i]) ? p[i] - '0'
                                         : (p[i] | 0x20) - 'a' + 10;
        c = c << 4 | digit;
    }

    return c;
}


/* Writes a character as UTF-8; gives the end of what it wrote. */

static unsigned char *
aime_json_encode(unsigned char *dst, uint32_t c)
{
    if (c < 0x80) {
        *dst++ = (unsigned char) c;
        return dst;
    }

    if (c < 0x800) {
        *dst++ = (unsigned char) (0xc0 | c >> 6);

    } else {

        if (c < 0x10000) {
            *dst++ = (unsigned char) (0xe0 | c >> 12);

        } else {
            *dst++ = (unsigned char) (0xf0 | c >> 18);
            *dst++ = (unsigned char) (0x80 | (c >> 12 & 0x3f));
        }

        *dst++ = (unsigned char) (0x80 | (c >> 6 & 0x3f));
    }

    *dst++ = (unsigned char) (0x80 | (c & 0x3f));

    return dst;
}


/* Characters in well-formed UTF-8: the bytes that continue none. */

static size_t
aime_json_count(const unsigned char *p, const unsigned char *end)
{
    size_t    n;
    uint64_t  x;

    n = end - p;

    while (end - p >= 8) {
        memcpy(&x, p, 8);

        x = (x >> 7) & ~(x >> 6) & AIME_JSON_ONES;
        n -= (x * AIME_JSON_ONES) >> 56;

        p += 8;
    }

    for ( /* void */ ; p < end; p++) {
        n -= (*p & 0xc0) == 0x80;
    }

    return n;
}


size_t
aime_json_quoted_len(aime_str_t text)
{
    size_t                n;
    unsigned char         buf[6];
    const unsigned char  *p, *end, *plain;

    n = 2;

    if (text.len == 0) {
        return n;
    }

    p = text.data;
    end = p + text.len;

    for ( ;; ) {
        plain = aime_json_plain(p, end);
        n += plain - p;
        p = plain;

        if (p == end) {
            return n;
        }

        n += aime_json_quote_char(buf, &p, end);
    }
}


unsigned char *
aime_json_quote(unsigned char *dst, aime_str_t text)
{
    const unsigned char  *p, *end, *plain;

    *dst++ = '"';

    if (text.len == 0) {
        *dst++ = '"';
        return dst;
    }

    p = text.data;
    end = p + text.len;

    for ( ;; ) {
        plain = aime_json_plain(p, end);

        memcpy(dst, p, plain - p);
        dst += plain - p;
        p = plain;

        if (p == end) {
            *dst++ = '"';
            return dst;
        }

        dst += aime_json_quote_char(dst, &p, end);
    }
}


/*
 * Writes how the character at *pos, which is not plain, stands in a JSON
 * string, and moves *pos behind it.  Gives the bytes written: up to 6.
 */

static size_t
aime_json_quote_char(unsigned char *dst, const unsigned char **pos,
    const unsigned char *end)
{
    size_t                n;
    unsigned char         c;
    const unsigned char  *p;

    static const char  hex[] = "0123456789abcdef";
    static const char  letters[] = "\0\0\0\0\0\0\0\0btn\0fr";

    p = *pos;
    c = *p;

    if (c >= 0x80) {
        n = aime_json_utf8_char(p, end);

        if (n == 0) {
            *pos = p + 1;
            return aime_json_encode(dst, 0xfffd) - dst;
        }

        memcpy(dst, p, n);
        *pos = p + n;

        return n;
    }

    *pos = p + 1;
    dst[0] = '\\';

    if (c == '"' || c == '\\') {
        dst[1] = c;
        return 2;
    }

    if (c < sizeof(letters) && letters[c]) {
        dst[1] = (unsigned char) letters[c];
        return 2;
    }

    dst[1] = 'u';
    dst[2] = '0';
    dst[3] = '0';
    dst[4] = (unsigned char) hex[c >> 4];
    dst[5] = (unsigned char) hex[c & 0xf];

    return 6;
}


int
aime_json_utf8(aime_str_t text)
{
    size_t                n;
    const unsigned char  *p, *end;

    if (text.len == 0) {
        return 1;
    }

    p = text.data;
    end = p + text.len;

    for (p = aime_json_plain(p, end); p < end; p = aime_json_plain(p, end)) {

        do {
            n = aime_json_utf8_char(p, end);

            if (n == 0) {
                return 0;
            }

            p += n;

        } while (p < end && *p >= 0x80);
    }

    return 1;
}
