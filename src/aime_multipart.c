/*
 * Forms, see aime_multipart.h.  Lines end by CR LF and by nothing else; a
 * delimiter is found by its CR, so that a body is run over once.
 */

#include <string.h>
#include <strings.h>

#include "aime_multipart.h"


/* what a delimiter in the body leads to */

#define AIME_MULTIPART_NEXT    0
#define AIME_MULTIPART_LAST    1


typedef struct {
    aime_str_t               body;
    aime_str_t               boundary;
    const unsigned char     *pos;
    const unsigned char     *last;      /* the end of the body */
    aime_multipart_error_t  *error;
} aime_multipart_scan_t;


static int aime_multipart_parameter(aime_str_t *rest, aime_str_t *name,
    aime_str_t *value);
static aime_str_t aime_multipart_quoted(const unsigned char *p,
    const unsigned char *last);
static aime_str_t aime_multipart_trim(aime_str_t text);
static int aime_multipart_same(aime_str_t text, const char *name);
static int aime_multipart_boundary_valid(aime_str_t boundary);
static const unsigned char *aime_multipart_find(aime_multipart_scan_t *scan,
    const unsigned char *p);
static int aime_multipart_delimiter(aime_multipart_scan_t *scan);
static int aime_multipart_part(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part);
static int aime_multipart_head(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part);
static const unsigned char *aime_multipart_line(aime_multipart_scan_t *scan,
    const unsigned char *limit);
static int aime_multipart_header(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part, aime_str_t line);
static int aime_multipart_disposition(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part, aime_str_t value);
static int aime_multipart_encoding(aime_multipart_scan_t *scan,
    aime_str_t value);
static int aime_multipart_token(unsigned char c);
static int aime_multipart_failed(aime_multipart_scan_t *scan,
    const unsigned char *pos, const char *reason);


int
aime_multipart_is_form(aime_str_t content_type)
{
    const unsigned char  *semicolon;

    semicolon = memchr(content_type.data, ';', content_type.len);

    if (semicolon) {
        content_type.len = semicolon - content_type.data;
    }

    return aime_multipart_same(aime_multipart_trim(content_type),
                               "multipart/form-data");
}


int
aime_multipart_boundary(aime_str_t content_type, aime_str_t *boundary)
{
    int                   rc;
    aime_str_t            name, value;
    const unsigned char  *semicolon;

    boundary->len = 0;
    boundary->data = NULL;

    semicolon = memchr(content_type.data, ';', content_type.len);

    if (semicolon == NULL) {
        return AIME_ERROR;
    }

    content_type.len -= semicolon - content_type.data;
    content_type.data = semicolon;

    while ((rc = aime_multipart_parameter(&content_type, &name, &value)) > 0) {

        if (!aime_multipart_same(name, "boundary")) {
            continue;
        }

        if (boundary->data) {
            return AIME_ERROR;
        }

        *boundary = value;
    }

    return (rc == 0 && aime_multipart_boundary_valid(*boundary))
           ? AIME_OK : AIME_ERROR;
}


/*
 * The next parameter of a header's value, from the semicolon in front of it
 * on.  1; 0: there is none; AIME_ERROR: the rest is no parameter.
 */

static int
aime_multipart_parameter(aime_str_t *rest, aime_str_t *name,
    aime_str_t *value)
{
    const unsigned char  *p, *last;

    last = rest->data + rest->len;
    p = rest->data;

    while (p < last && (*p == ' ' || *p == '\t' || *p == ';')) {
        p++;
    }

    if (p == last) {
        return 0;
    }

    /* the first one, too, must have a semicolon in front of it */

    if (rest->data[0] != ';') {
        return AIME_ERROR;
    }

    name->data = p;

    while (p < last && aime_multipart_token(*p)) {
        p++;
    }

    name->len = p - name->data;

    if (name->len == 0 || p == last || *p != '=') {
        return AIME_ERROR;
    }

    p++;

    if (p < last && *p == '"') {
        *value = aime_multipart_quoted(p + 1, last);

        if (value->data == NULL) {
            return AIME_ERROR;
        }

        p = value->data + value->len + 1;

    } else {
        value->data = p;

        while (p < last && *p != ';' && *p != '"') {
            p++;
        }

        value->len = p - value->data;
        *value = aime_multipart_trim(*value);
    }

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    rest->len = last - p;
    rest->data = p;

    return (p == last || *p == ';') ? 1 : AIME_ERROR;
}


/* What is between the quotes, from behind the first one; data NULL: no end. */

static aime_str_t
aime_multipart_quoted(const unsigned char *p, const unsigned char *last)
{
    aime_str_t  value;

    value.data = p;

    for ( /* void */ ; p < last; p++) {

        if (*p == '"') {
            value.len = p - value.data;
            return value;
        }

        if (*p == '\\') {
            p++;
        }
    }

    value.data = NULL;
    value.len = 0;

    return value;
}


static aime_str_t
aime_multipart_trim(aime_str_t text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }

    while (text.len && (text.data[text.len - 1] == ' '
                        || text.data[text.len - 1] == '\t'))
    {
        text.len--;
    }

    return text;
}


static int
aime_multipart_same(aime_str_t text, const char *name)
{
    return text.len == strlen(name)
           && strncasecmp((const char *) text.data, name, text.len) == 0;
}


static int
aime_multipart_boundary_valid(aime_str_t boundary)
{
    size_t         i;
    unsigned char  c;

    if (boundary.len == 0
        || boundary.len > AIME_MULTIPART_MAX_BOUNDARY
        || boundary.data[boundary.len - 1] == ' ')
    {
        return 0;
    }

    for (i = 0; i < boundary.len; i++) {
        c = boundary.data[i];

        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            && !(c >= '0' && c <= '9')
            && (c == '\0' || strchr("'()+_,-./:=? ", c) == NULL))
        {
            return 0;
        }
    }

    return 1;
}


int
aime_multipart_parse(aime_str_t body, aime_str_t boundary,
    aime_multipart_t *form, aime_multipart_error_t *error)
{
    int                    rc;
    aime_multipart_scan_t  scan;

    scan.body = body;
    scan.boundary = boundary;
    scan.pos = body.data;
    scan.last = body.data + body.len;
    scan.error = error;

    form->nparts = 0;

    scan.pos = aime_multipart_find(&scan, NULL);

    if (scan.pos == NULL) {
        return aime_multipart_failed(&scan, body.data,
                                     "the boundary does not occur");
    }

    while ((rc = aime_multipart_delimiter(&scan)) == AIME_MULTIPART_NEXT) {

        if (form->nparts == AIME_MULTIPART_MAX_PARTS) {
            return aime_multipart_failed(&scan, scan.pos, "too many parts");
        }

        if (aime_multipart_part(&scan, &form->parts[form->nparts]) != AIME_OK)
        {
            return AIME_ERROR;
        }

        form->nparts++;
    }

    return (rc == AIME_MULTIPART_LAST) ? AIME_OK : AIME_ERROR;
}


/*
 * The next delimiter, at the two dashes that it begins with; from NULL: the
 * first one, which may be at the very start, where no CR LF is.
 */

static const unsigned char *
aime_multipart_find(aime_multipart_scan_t *scan, const unsigned char *p)
{
    size_t                n;
    const unsigned char  *cr;

    n = scan->boundary.len;

    if (p == NULL) {
        p = scan->body.data;

        if ((size_t) (scan->last - p) >= 2 + n
            && p[0] == '-' && p[1] == '-'
            && memcmp(p + 2, scan->boundary.data, n) == 0)
        {
            return p;
        }
    }

    while ((size_t) (scan->last - p) >= 4 + n) {

        cr = memchr(p, '\r', scan->last - p - (3 + n));

        if (cr == NULL) {
            return NULL;
        }

        if (memcmp(cr, "\r\n--", 4) == 0
            && memcmp(cr + 4, scan->boundary.data, n) == 0)
        {
            return cr + 2;
        }

        p = cr + 1;
    }

    return NULL;
}


/*
 * Goes behind the delimiter.  A longer boundary that begins as this one does
 * is none for some readers and one for others.
 */

static int
aime_multipart_delimiter(aime_multipart_scan_t *scan)
{
    int                   rc;
    const unsigned char  *p, *start;

    start = scan->pos;
    p = start + 2 + scan->boundary.len;
    rc = AIME_MULTIPART_NEXT;

    if (scan->last - p >= 2 && p[0] == '-' && p[1] == '-') {
        rc = AIME_MULTIPART_LAST;
        p += 2;
    }

    while (p < scan->last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    scan->pos = p;

    if (p == scan->last) {
        return (rc == AIME_MULTIPART_LAST)
               ? rc : aime_multipart_failed(scan, p, "it ends too early");
    }

    if (scan->last - p < 2 || p[0] != '\r' || p[1] != '\n') {
        return aime_multipart_failed(scan, start,
                                     "a boundary with text behind it");
    }

    scan->pos = p + 2;

    return rc;
}


static int
aime_multipart_part(aime_multipart_scan_t *scan, aime_multipart_part_t *part)
{
    const unsigned char  *end, *start;

    if (aime_multipart_head(scan, part) != AIME_OK) {
        return AIME_ERROR;
    }

    start = scan->pos;

    /* an empty body may share its CR LF with the head's empty line */

    end = aime_multipart_find(scan, start - 2);

    if (end == NULL) {
        return aime_multipart_failed(scan, scan->last, "it ends too early");
    }

    part->body.data = start;
    part->body.len = (end - 2 > start) ? end - 2 - start : 0;

    scan->pos = end;

    return AIME_OK;
}


static int
aime_multipart_head(aime_multipart_scan_t *scan, aime_multipart_part_t *part)
{
    unsigned int          n;
    aime_str_t            line;
    const unsigned char  *end, *start, *limit;

    memset(part, 0, sizeof(aime_multipart_part_t));

    start = scan->pos;
    limit = (scan->last - start > AIME_MULTIPART_MAX_HEAD)
            ? start + AIME_MULTIPART_MAX_HEAD : scan->last;

    for (n = 0; n <= AIME_MULTIPART_MAX_HEADERS; n++) {

        end = aime_multipart_line(scan, limit);

        if (end == NULL) {
            return AIME_ERROR;
        }

        line.data = scan->pos;
        line.len = end - line.data;

        scan->pos = end + 2;

        if (line.len == 0) {
            return part->name.data
                   ? AIME_OK
                   : aime_multipart_failed(scan, start,
                                           "a part without a name");
        }

        if (aime_multipart_header(scan, part, line) != AIME_OK) {
            return AIME_ERROR;
        }
    }

    return aime_multipart_failed(scan, start, "a part with too many headers");
}


/* The end of a header line, at its CR LF. */

static const unsigned char *
aime_multipart_line(aime_multipart_scan_t *scan, const unsigned char *limit)
{
    const unsigned char  *p;

    for (p = scan->pos; p < limit; p++) {

        if (*p == '\r' && limit - p >= 2 && p[1] == '\n') {
            return p;
        }

        if ((*p < ' ' && *p != '\t') || *p == 0x7f) {
            break;
        }
    }

    if (p < limit && !(*p == '\r' && p + 1 == limit)) {
        (void) aime_multipart_failed(scan, p,
                                     "a control character in a header");

    } else if (limit < scan->last) {
        (void) aime_multipart_failed(scan, p, "the headers are too long");

    } else {
        (void) aime_multipart_failed(scan, p, "it ends too early");
    }

    return NULL;
}


static int
aime_multipart_header(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part, aime_str_t line)
{
    size_t      n;
    aime_str_t  name, value;

    for (n = 0; n < line.len && aime_multipart_token(line.data[n]); n++) {
        /* void */
    }

    /* a line that goes on with the one before begins with a space */

    if (n == 0 || n == line.len || line.data[n] != ':') {
        return aime_multipart_failed(scan, line.data, "no header");
    }

    name.data = line.data;
    name.len = n;

    value.data = line.data + n + 1;
    value.len = line.len - n - 1;
    value = aime_multipart_trim(value);

    if (aime_multipart_same(name, "Content-Disposition")) {
        return aime_multipart_disposition(scan, part, value);
    }

    if (aime_multipart_same(name, "Content-Transfer-Encoding")) {
        return aime_multipart_encoding(scan, value);
    }

    if (aime_multipart_same(name, "Content-Type")) {

        if (part->type.data) {
            return aime_multipart_failed(scan, line.data,
                                         "a part with two types");
        }

        part->type = value;
    }

    return AIME_OK;
}


/* form-data; name="..."; filename="..." */

static int
aime_multipart_disposition(aime_multipart_scan_t *scan,
    aime_multipart_part_t *part, aime_str_t value)
{
    int                   rc;
    aime_str_t            name, text, rest, *to;
    const unsigned char  *semicolon;

    rest = value;
    semicolon = memchr(value.data, ';', value.len);

    if (semicolon) {
        value.len = semicolon - value.data;
    }

    rest.data += value.len;
    rest.len -= value.len;

    if (!aime_multipart_same(aime_multipart_trim(value), "form-data")) {
        return aime_multipart_failed(scan, value.data, "no form-data");
    }

    if (part->name.data) {
        return aime_multipart_failed(scan, value.data,
                                     "a part with two dispositions");
    }

    while ((rc = aime_multipart_parameter(&rest, &name, &text)) > 0) {

        if (aime_multipart_same(name, "name")) {
            to = &part->name;

        } else if (aime_multipart_same(name, "filename")) {
            to = &part->filename;

        } else {
            /* filename*, which RFC 7578 does not want, among them */
            continue;
        }

        if (to->data) {
            return aime_multipart_failed(scan, name.data,
                                         "a part with two names");
        }

        *to = text;
    }

    if (rc == AIME_ERROR) {
        return aime_multipart_failed(scan, rest.data, "no disposition");
    }

    if (part->name.len == 0) {
        return aime_multipart_failed(scan, value.data,
                                     "a part without a name");
    }

    return AIME_OK;
}


/* Only what leaves the bytes as they are: nobody sends another any more. */

static int
aime_multipart_encoding(aime_multipart_scan_t *scan, aime_str_t value)
{
    if (aime_multipart_same(value, "binary")
        || aime_multipart_same(value, "8bit")
        || aime_multipart_same(value, "7bit"))
    {
        return AIME_OK;
    }

    return aime_multipart_failed(scan, value.data,
                                 "a Content-Transfer-Encoding");
}


static int
aime_multipart_token(unsigned char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


static int
aime_multipart_failed(aime_multipart_scan_t *scan, const unsigned char *pos,
    const char *reason)
{
    scan->error->offset = pos - scan->body.data;
    scan->error->reason = reason;

    return AIME_ERROR;
}
