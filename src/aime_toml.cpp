/*
 * toml++ behind a C face.
 *
 * The only C++ of the module: nothing of it shows in the header, and neither
 * an exception nor an abort leaves it.  toml++ sorts its keys, so the order of
 * the file is restored from the places that it remembers.
 */

#define TOML_HEADER_ONLY        1
#define TOML_EXCEPTIONS         0
#define TOML_ENABLE_FORMATTERS  0
#define TOML_MAX_NESTED_VALUES  64

/*
 * What its parser asserts is not always so: "a = [}" ends a debug build of it,
 * and is undefined in others.  Here a text that it does not expect is refused.
 */

#undef NDEBUG

#if defined(__cpp_exceptions)

struct aime_toml_unexpected_t { };

[[noreturn]] static void aime_toml_surprise();

#define TOML_ASSERT(expr)                                                     \
    ((expr) ? static_cast<void>(0) : aime_toml_surprise())

#endif

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aime_toml.h"


/* segments of one key: toml++ bounds the nesting of values, but not these */
#define AIME_TOML_MAX_SEGMENTS  64

/* nesting of the tree that is handed out */
#define AIME_TOML_MAX_DEPTH     64


/* What of the text is for the parser: up to copied it stands in another. */

typedef struct {
    const char          *pos;
    const char          *end;
    const char          *line_start;
    unsigned int         line;
    unsigned int         segments;
    const char          *copied;
    std::string          copy;
} aime_toml_lexer_t;


typedef std::pair<const toml::key *, const toml::node *>  aime_toml_entry_t;


/* Owns a part of the tree until it hangs in another, whatever is thrown. */

struct aime_toml_delete_t {
    void operator()(cJSON *item) const { cJSON_Delete(item); }
};

typedef std::unique_ptr<cJSON, aime_toml_delete_t>  aime_toml_owner_t;


static cJSON *aime_toml_document(std::string_view text,
    aime_toml_error_t *error);
static cJSON *aime_toml_tree(std::string_view text, aime_toml_error_t *error);
#if defined(__cpp_exceptions)
static cJSON *aime_toml_unexpected(std::string_view text,
    aime_toml_error_t *error);
static bool aime_toml_expected(std::string_view text);
#endif
static bool aime_toml_prescan(aime_toml_lexer_t *lx, std::string_view text,
    aime_toml_error_t *error);
static bool aime_toml_prescan_fail(const aime_toml_lexer_t *lx,
    const char *reason, aime_toml_error_t *error);
static bool aime_toml_string_expected(std::string_view before);
static bool aime_toml_mark_expected(std::string_view before, char mark);
static bool aime_toml_separator(char c);
static void aime_toml_skip_line(aime_toml_lexer_t *lx);
static bool aime_toml_skip_string(aime_toml_lexer_t *lx,
    aime_toml_error_t *error);
static bool aime_toml_skip_escape(aime_toml_lexer_t *lx, bool lines,
    aime_toml_error_t *error);
static void aime_toml_escape(aime_toml_lexer_t *lx);
static cJSON *aime_toml_node(const toml::node &node, unsigned int depth,
    aime_toml_error_t *error);
static cJSON *aime_toml_table(const toml::table &table, unsigned int depth,
    aime_toml_error_t *error);
static cJSON *aime_toml_array(const toml::array &array, unsigned int depth,
    aime_toml_error_t *error);
static bool aime_toml_before(const aime_toml_entry_t &a,
    const aime_toml_entry_t &b);
static cJSON *aime_toml_string(const toml::node &node, const std::string &text,
    aime_toml_error_t *error);
static cJSON *aime_toml_int(int64_t value);
static cJSON *aime_toml_float(const toml::node &node, double value,
    aime_toml_error_t *error);
static cJSON *aime_toml_date_time(const toml::node &node);
static void aime_toml_put_date(char *buf, size_t size, const toml::date &date);
static void aime_toml_put_time(char *buf, size_t size, const toml::time &time);
static void aime_toml_put_offset(char *buf, size_t size, int minutes);
static cJSON *aime_toml_refuse(const toml::source_region &at,
    aime_toml_error_t *error, std::string_view reason);
static void aime_toml_set_error(aime_toml_error_t *error, unsigned int line,
    unsigned int column, std::string_view reason);


extern "C" cJSON *
aime_toml_parse(const char *text, size_t len, aime_toml_error_t *error)
{
    cJSON             *tree;
    std::string_view   view(len ? text : "", len);

    aime_toml_set_error(error, 0, 0, "out of memory");

#if defined(__cpp_exceptions)

    /* toml++ itself does not throw, but the allocator does */

    try {
        tree = aime_toml_document(view, error);

    } catch (...) {
        tree = NULL;
    }

#else

    tree = aime_toml_document(view, error);

#endif

    if (tree) {
        aime_toml_set_error(error, 0, 0, "");
    }

    return tree;
}


extern "C" unsigned int
aime_toml_line(const cJSON *item)
{
    return (item && item->valueint > 0) ? (unsigned int) item->valueint : 0;
}


extern "C" int
aime_toml_is_number(const cJSON *item)
{
    return cJSON_IsRaw(item);
}


extern "C" int
aime_toml_integer(const cJSON *item, long long *value)
{
    char       *end;
    long long   n;

    if (!cJSON_IsRaw(item) || item->valuestring[0] == '\0') {
        return AIME_TOML_ERROR;
    }

    errno = 0;
    n = strtoll(item->valuestring, &end, 10);

    if (*end != '\0' || errno != 0) {
        return AIME_TOML_ERROR;
    }

    *value = n;

    return AIME_TOML_OK;
}


extern "C" int
aime_toml_double(const cJSON *item, double *value)
{
    double                  n;
    const char             *last;
    std::from_chars_result  rc;

    if (!cJSON_IsRaw(item)) {
        return AIME_TOML_ERROR;
    }

    /* not strtod(): the decimal point is a matter of locale there */

    last = item->valuestring + strlen(item->valuestring);
    rc = std::from_chars(item->valuestring, last, n);

    if (rc.ec != std::errc() || rc.ptr != last) {
        return AIME_TOML_ERROR;
    }

    *value = n;

    return AIME_TOML_OK;
}


extern "C" int
aime_toml_print(aime_pool_t *pool, const cJSON *item, aime_str_t *text)
{
    char    *json;
    void    *p;
    size_t   len;

    json = cJSON_PrintUnformatted(item);
    if (json == NULL) {
        return AIME_NOMEM;
    }

    len = strlen(json);
    p = pool->alloc(pool->ctx, len);

    if (p) {
        memcpy(p, json, len);
    }

    cJSON_free(json);

    text->data = (const unsigned char *) p;
    text->len = len;

    return p ? AIME_OK : AIME_NOMEM;
}


/* NULL with the error set, or still what it was where memory ran out. */

static cJSON *
aime_toml_document(std::string_view text, aime_toml_error_t *error)
{
    aime_toml_lexer_t  lx;

    if (!aime_toml_prescan(&lx, text, error)) {
        return NULL;
    }

    if (!lx.copy.empty()) {
        text = lx.copy;
    }

#if defined(__cpp_exceptions)

    try {
        return aime_toml_tree(text, error);

    } catch (const aime_toml_unexpected_t &) {
        return aime_toml_unexpected(text, error);
    }

#else

    return aime_toml_tree(text, error);

#endif
}


static cJSON *
aime_toml_tree(std::string_view text, aime_toml_error_t *error)
{
    cJSON               *tree;
    toml::parse_result   result = toml::parse(text);

    if (!result) {
        return aime_toml_refuse(result.error().source(), error,
                                result.error().description());
    }

    tree = aime_toml_table(result.table(), 0, error);

    if (tree) {
        tree->valueint = 1;
    }

    return tree;
}


#if defined(__cpp_exceptions)

static void
aime_toml_surprise()
{
    throw aime_toml_unexpected_t();
}


/*
 * The parser does not say where it gave up, but it goes from front to back:
 * the place is where the shortest text ends that it gives up on.
 */

static cJSON *
aime_toml_unexpected(std::string_view text, aime_toml_error_t *error)
{
    size_t            good, bad, middle, start;
    std::string_view  before;

    good = 0;
    bad = text.size();

    while (bad - good > 1) {
        middle = good + (bad - good) / 2;

        if (aime_toml_expected(text.substr(0, middle))) {
            good = middle;

        } else {
            bad = middle;
        }
    }

    before = text.substr(0, good);
    start = before.rfind('\n') + 1;

    aime_toml_set_error(error,
                        1 + std::count(before.begin(), before.end(), '\n'),
                        1 + good - start, "unexpected character");

    return NULL;
}


static bool
aime_toml_expected(std::string_view text)
{
    try {
        (void) toml::parse(text);

    } catch (const aime_toml_unexpected_t &) {
        return false;
    }

    return true;
}

#endif


/*
 * Refuses keys of very many segments, as every segment is a table inside
 * another and toml++ walks and frees tables recursively.  Outside of strings
 * and comments dots stand in keys, floats and times only, so counting them is
 * enough.  And refuses what is no ASCII there, which TOML does not know, but
 * toml++ takes for white space or for impossible.  Everything else is the
 * parser's to judge.
 */

static bool
aime_toml_prescan(aime_toml_lexer_t *lx, std::string_view text,
    aime_toml_error_t *error)
{
    lx->copied = text.data();
    lx->line_start = text.data();
    lx->line = 1;
    lx->segments = 1;

    if (text.compare(0, 3, "\xef\xbb\xbf") == 0) {
        text.remove_prefix(3);
    }

    lx->pos = text.data();
    lx->end = lx->pos + text.size();

    while (lx->pos < lx->end) {

        if ((unsigned char) *lx->pos >= 0x80) {
            return aime_toml_prescan_fail(lx, "unexpected character outside of "
                                          "a string", error);
        }

        switch (*lx->pos) {

        case '#':
            aime_toml_skip_line(lx);
            continue;

        case '"':
        case '\'':
            if (!aime_toml_string_expected(text.substr(0, lx->pos
                                                          - text.data())))
            {
                return aime_toml_prescan_fail(lx, "unexpected quotation mark",
                                              error);
            }

            if (!aime_toml_skip_string(lx, error)) {
                return false;
            }

            continue;

        case '.':
            if (++lx->segments > AIME_TOML_MAX_SEGMENTS) {
                return aime_toml_prescan_fail(lx, "key with too many dots",
                                              error);
            }

            break;

        case '\n':
            lx->line++;
            lx->line_start = lx->pos + 1;
            lx->segments = 1;
            break;

        case '=':
        case '{':
        case '[':
            if (!aime_toml_mark_expected(text.substr(0, lx->pos
                                                        - text.data()),
                                         *lx->pos))
            {
                return aime_toml_prescan_fail(lx, "unexpected character",
                                              error);
            }

            /* fall through */

        case ',':
            lx->segments = 1;
            break;
        }

        lx->pos++;
    }

    if (!lx->copy.empty()) {
        lx->copy.append(lx->copied, lx->end - lx->copied);
    }

    return true;
}


static bool
aime_toml_prescan_fail(const aime_toml_lexer_t *lx, const char *reason,
    aime_toml_error_t *error)
{
    aime_toml_set_error(error, lx->line, lx->pos - lx->line_start + 1, reason);

    return false;
}


/*
 * toml++ looks ahead over all of what begins like a number, quotation marks
 * or not.  A key like 1."x" falls a victim to this.
 */

static bool
aime_toml_string_expected(std::string_view before)
{
    char    first;
    size_t  n;

    n = before.size();

    if (n == 0 || aime_toml_separator(before[n - 1])) {
        return true;
    }

    if (before[n - 1] != '.') {
        return false;
    }

    do {
        first = before[--n];
    } while (n && !aime_toml_separator(before[n - 1]));

    return first != '+' && first != '-' && (first < '0' || first > '9');
}


/*
 * Such a look-ahead also goes on behind "=", "[" and "{".  But no bracket may
 * stand right behind a word, nor "=" behind one that is a value.  A word with
 * quotation marks may be the end of a key that has an "=" in it.
 */

static bool
aime_toml_mark_expected(std::string_view before, char mark)
{
    size_t  n;

    n = before.size();

    if (mark != '=') {
        return n == 0 || aime_toml_separator(before[n - 1]);
    }

    for ( /* void */ ; n && !aime_toml_separator(before[n - 1]); n--) {

        if (before[n - 1] == '"' || before[n - 1] == '\'') {
            return true;
        }
    }

    return n == 0 || (before[n - 1] != '=' && before[n - 1] != '[');
}


static bool
aime_toml_separator(char c)
{
    return c && strchr(" \t\r\n=,[]{}", c) != NULL;
}


/* A comment, up to its newline. */

static void
aime_toml_skip_line(aime_toml_lexer_t *lx)
{
    while (lx->pos < lx->end && *lx->pos != '\n') {
        lx->pos++;
    }
}


/*
 * A string of any of the four kinds; one of a single line ends with its line
 * even where its quote is missing, and so does what could hide behind it.
 */

static bool
aime_toml_skip_string(aime_toml_lexer_t *lx, aime_toml_error_t *error)
{
    char    quote;
    size_t  n;

    quote = *lx->pos;
    n = 1;

    if (lx->end - lx->pos >= 3 && lx->pos[1] == quote && lx->pos[2] == quote) {
        n = 3;
    }

    for (lx->pos += n; lx->pos < lx->end; lx->pos++) {

        if (*lx->pos == quote
            && (n == 1
                || (lx->end - lx->pos >= 3
                    && lx->pos[1] == quote && lx->pos[2] == quote)))
        {
            lx->pos += n;

            /* up to two more quotes still belong to the text of a long one */

            for (n--; n && lx->pos < lx->end && *lx->pos == quote; n--) {
                lx->pos++;
            }

            return true;
        }

        if (*lx->pos == '\n') {
            if (n == 1) {
                return true;
            }

            lx->line++;
            lx->line_start = lx->pos + 1;
        }

        if (*lx->pos == '\\' && quote == '"'
            && !aime_toml_skip_escape(lx, n == 3, error))
        {
            return false;
        }
    }

    return true;
}


/*
 * From a backslash to the last character that belongs to it.  One that ends a
 * line takes all white space with it, and toml++ asks whether the character
 * behind that is some, which it must not be asked of one that is no ASCII.
 */

static bool
aime_toml_skip_escape(aime_toml_lexer_t *lx, bool lines,
    aime_toml_error_t *error)
{
    const char  *p;

    for (p = lx->pos + 1; p < lx->end && (*p == ' ' || *p == '\t'); p++) {
        /* void */
    }

    if (p < lx->end && (unsigned char) *p >= 0x80) {
        lx->pos = p;
        return aime_toml_prescan_fail(lx, "unexpected character behind a "
                                      "backslash", error);
    }

    if (p == lx->end || (*p != '\n' && *p != '\r')) {
        lx->pos = std::min(lx->pos + 1, lx->end - 1);
        return true;
    }

    if (!lines) {
        return true;
    }

    for ( /* void */ ; p < lx->end && strchr(" \t\r\n", *p) && *p; p++) {

        if (*p == '\n') {
            lx->line++;
            lx->line_start = p + 1;
        }
    }

    lx->pos = p - 1;

    if (p < lx->end && (unsigned char) *p >= 0x80) {
        aime_toml_escape(lx);
    }

    return true;
}


/* Puts an escape in the place of the character behind pos, if it is one. */

static void
aime_toml_escape(aime_toml_lexer_t *lx)
{
    char         buf[sizeof("\\U00000000")];
    size_t       i, n;
    uint32_t     c;
    const char  *p;

    p = lx->pos + 1;
    c = (unsigned char) *p;
    n = (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : 2;

    if (c < 0xc2 || (size_t) (lx->end - p) < n) {
        return;
    }

    for (c &= 0xff >> (n + 1), i = 1; i < n; i++) {

        if (((unsigned char) p[i] & 0xc0) != 0x80) {
            return;
        }

        c = (c << 6) | (p[i] & 0x3f);
    }

    if (c < (n == 4 ? 0x10000u : n == 3 ? 0x800u : 0x80u)) {
        return;
    }

    lx->copy.append(lx->copied, p - lx->copied);
    lx->copy.append(buf, snprintf(buf, sizeof(buf), "\\U%08lx",
                                  (unsigned long) c));
    lx->copied = p + n;
    lx->pos = lx->copied - 1;
}


/* The tree of a node, with the line that it stands in; NULL: refused. */

static cJSON *
aime_toml_node(const toml::node &node, unsigned int depth,
    aime_toml_error_t *error)
{
    cJSON  *item;

    if (depth > AIME_TOML_MAX_DEPTH) {
        return aime_toml_refuse(node.source(), error, "nesting too deep");
    }

    switch (node.type()) {

    case toml::node_type::table:
        item = aime_toml_table(*node.as_table(), depth, error);
        break;

    case toml::node_type::array:
        item = aime_toml_array(*node.as_array(), depth, error);
        break;

    case toml::node_type::string:
        item = aime_toml_string(node, node.as_string()->get(), error);
        break;

    case toml::node_type::integer:
        item = aime_toml_int(node.as_integer()->get());
        break;

    case toml::node_type::floating_point:
        item = aime_toml_float(node, node.as_floating_point()->get(), error);
        break;

    case toml::node_type::boolean:
        item = cJSON_CreateBool(node.as_boolean()->get());
        break;

    default:
        item = aime_toml_date_time(node);
    }

    if (item) {
        item->valueint = (int) node.source().begin.line;
    }

    return item;
}


static cJSON *
aime_toml_table(const toml::table &table, unsigned int depth,
    aime_toml_error_t *error)
{
    cJSON                           *item;
    aime_toml_owner_t                object(cJSON_CreateObject());
    std::vector<aime_toml_entry_t>   entries;

    if (!object) {
        return NULL;
    }

    for (auto &&[key, node] : table) {
        entries.emplace_back(&key, &node);
    }

    std::sort(entries.begin(), entries.end(), aime_toml_before);

    for (const aime_toml_entry_t &entry : entries) {
        const toml::key  &key = *entry.first;

        if (key.str().find('\0') != std::string_view::npos) {
            return aime_toml_refuse(key.source(), error, "NUL in a key");
        }

        item = aime_toml_node(*entry.second, depth + 1, error);

        if (item == NULL) {
            return NULL;
        }

        if (!cJSON_AddItemToObject(object.get(), key.data(), item)) {
            cJSON_Delete(item);
            return NULL;
        }
    }

    return object.release();
}


static cJSON *
aime_toml_array(const toml::array &array, unsigned int depth,
    aime_toml_error_t *error)
{
    cJSON              *item;
    aime_toml_owner_t   list(cJSON_CreateArray());

    if (!list) {
        return NULL;
    }

    for (const toml::node &node : array) {
        item = aime_toml_node(node, depth + 1, error);

        if (item == NULL) {
            return NULL;
        }

        cJSON_AddItemToArray(list.get(), item);
    }

    return list.release();
}


static bool
aime_toml_before(const aime_toml_entry_t &a, const aime_toml_entry_t &b)
{
    const toml::source_position  &p = a.first->source().begin;
    const toml::source_position  &q = b.first->source().begin;

    return (p.line != q.line) ? p.line < q.line : p.column < q.column;
}


static cJSON *
aime_toml_string(const toml::node &node, const std::string &text,
    aime_toml_error_t *error)
{
    if (text.find('\0') != std::string::npos) {
        return aime_toml_refuse(node.source(), error, "NUL in a string");
    }

    return cJSON_CreateString(text.c_str());
}


static cJSON *
aime_toml_int(int64_t value)
{
    char  buf[32];

    snprintf(buf, sizeof(buf), "%lld", (long long) value);

    return cJSON_CreateRaw(buf);
}


/* The shortest text that reads as the same number, and not as an integer. */

static cJSON *
aime_toml_float(const toml::node &node, double value,
    aime_toml_error_t *error)
{
    char                  buf[64];
    std::to_chars_result  rc;

    if (!std::isfinite(value)) {
        return aime_toml_refuse(node.source(), error,
                                "inf and nan are not supported");
    }

    rc = std::to_chars(buf, buf + sizeof(buf) - 3, value);
    *rc.ptr = '\0';

    if (strpbrk(buf, ".e") == NULL) {
        memcpy(rc.ptr, ".0", 3);
    }

    return cJSON_CreateRaw(buf);
}


static cJSON *
aime_toml_date_time(const toml::node &node)
{
    char  date[16], time[32], offset[16], text[64];

    date[0] = '\0';
    time[0] = '\0';
    offset[0] = '\0';

    if (node.is_date()) {
        aime_toml_put_date(date, sizeof(date), node.as_date()->get());

    } else if (node.is_time()) {
        aime_toml_put_time(time, sizeof(time), node.as_time()->get());

    } else {
        const toml::date_time  &dt = node.as_date_time()->get();

        aime_toml_put_date(date, sizeof(date), dt.date);
        aime_toml_put_time(time, sizeof(time), dt.time);

        if (dt.offset) {
            aime_toml_put_offset(offset, sizeof(offset), dt.offset->minutes);
        }
    }

    snprintf(text, sizeof(text), "%s%s%s%s", date,
             (date[0] && time[0]) ? "T" : "", time, offset);

    return cJSON_CreateString(text);
}


static void
aime_toml_put_date(char *buf, size_t size, const toml::date &date)
{
    snprintf(buf, size, "%04u-%02u-%02u", (unsigned int) date.year,
             (unsigned int) date.month, (unsigned int) date.day);
}


static void
aime_toml_put_time(char *buf, size_t size, const toml::time &time)
{
    size_t  n;

    n = snprintf(buf, size, "%02u:%02u:%02u.%09u", (unsigned int) time.hour,
                 (unsigned int) time.minute, (unsigned int) time.second,
                 (unsigned int) time.nanosecond);

    /* no more digits than needed, and no lone point */

    while (buf[n - 1] == '0' && time.nanosecond) {
        n--;
    }

    buf[time.nanosecond ? n : n - sizeof(".000000000") + 1] = '\0';
}


static void
aime_toml_put_offset(char *buf, size_t size, int minutes)
{
    unsigned int  n;

    if (minutes == 0) {
        snprintf(buf, size, "Z");
        return;
    }

    n = (unsigned int) abs(minutes);

    snprintf(buf, size, "%c%02u:%02u", minutes < 0 ? '-' : '+', n / 60,
             n % 60);
}


/* Gives NULL, to be handed on. */

static cJSON *
aime_toml_refuse(const toml::source_region &at, aime_toml_error_t *error,
    std::string_view reason)
{
    aime_toml_set_error(error, at.begin.line, at.begin.column, reason);

    return NULL;
}


/* Cuts the reason to fit, between characters, and leaves no control in it. */

static void
aime_toml_set_error(aime_toml_error_t *error, unsigned int line,
    unsigned int column, std::string_view reason)
{
    char    c;
    size_t  i, n;

    n = std::min(reason.size(), (size_t) AIME_TOML_ERROR_LEN - 1);

    if (n < reason.size()) {
        while (n > 0 && ((unsigned char) reason[n] & 0xc0) == 0x80) {
            n--;
        }
    }

    for (i = 0; i < n; i++) {
        c = reason[i];
        error->text[i] = ((unsigned char) c < ' ' || c == 0x7f) ? ' ' : c;
    }

    error->text[n] = '\0';
    error->line = line;
    error->column = column;
}
