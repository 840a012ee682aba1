/*
 * The scanner behind the slices.
 *
 * One pass over the text, no recursion and no tree: the brackets that are open
 * are bits of a fixed stack, so that neither depth nor size of a hostile text
 * costs more than its bytes.  Nothing is ever read at or beyond the end.
 */


#include "aime_json.h"
#include "aime_names.h"


/* one more value has to follow; never leaves this file */
#define AIME_JSON_AGAIN     1

#define AIME_JSON_MIN_ELTS  16


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
 * The members of an object while they are found.  Those of the first size are
 * looked at one by one, which is cheaper; names has them all when there are
 * more.
 */

typedef struct {
    aime_pool_t          *pool;
    aime_json_member_t   *elts;
    size_t                nelts;
    size_t                nalloc;
    aime_names_t          names;
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
static int aime_json_list(aime_json_scanner_t *s, aime_json_list_t *list);
static int aime_json_list_add(aime_json_scanner_t *s, aime_json_list_t *list,
    aime_str_t raw, const aime_json_member_t *member);
static size_t aime_json_list_find(aime_json_list_t *list, aime_str_t name);
static int aime_json_list_room(aime_json_list_t *list);


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
    list.names.pool = pool;

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
            grown = aime_pool_grow(pool, elts, n, nalloc,
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

        if (aime_str_same(&m->name, &name)) {
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

    return list->names.nelts ? aime_names_add(&list->names, member->name)
                             : AIME_OK;
}


/* The index of the member of that name, nelts if there is none. */

static size_t
aime_json_list_find(aime_json_list_t *list, aime_str_t name)
{
    size_t  i;

    if (list->names.nelts) {
        return aime_names_find(&list->names, name);
    }

    for (i = 0; i < list->nelts; i++) {
        if (aime_str_same(&list->elts[i].name, &name)) {
            break;
        }
    }

    return i;
}


static int
aime_json_list_room(aime_json_list_t *list)
{
    size_t               i, nalloc;
    aime_json_member_t  *elts;

    nalloc = list->nalloc ? list->nalloc * 2 : AIME_JSON_MIN_ELTS;

    elts = aime_pool_grow(list->pool, list->elts, list->nelts, nalloc,
                          sizeof(aime_json_member_t));
    if (elts == NULL) {
        return AIME_NOMEM;
    }

    list->elts = elts;
    list->nalloc = nalloc;

    for (i = list->names.nelts; i < list->nelts; i++) {
        if (aime_names_add(&list->names, elts[i].name) != AIME_OK) {
            return AIME_NOMEM;
        }
    }

    return AIME_OK;
}
