/*
 * Forms: what clients send, what RFC 2046 lets them send, and what hostile
 * ones do.  Every body is tried cut at each of its bytes, too: none of these
 * may be read beyond, and none may pass for a whole one.
 */

#include "tap.h"
#include "aime_multipart.h"


typedef struct {
    const char           *type;
    const char           *boundary;     /* NULL: refused */
} boundary_t;


typedef struct {
    const char           *what;
    const char           *body;
    const char           *reason;
    size_t                offset;
} refused_t;


static void test_types(void);
static void test_boundaries(void);
static void test_form(void);
static void test_bodies(void);
static void test_binary(void);
static void test_refused(void);
static void test_limits(void);
static void test_cut(void);
static void test_noise(void);
static int parse(aime_str_t body, const char *boundary,
    aime_multipart_t *form, aime_multipart_error_t *error);
static aime_str_t repeated(const char *head, const char *text, size_t n,
    const char *tail);


#define TEN  "0123456789"

static const boundary_t  boundaries[] = {
    { "multipart/form-data; boundary=abc", "abc" },
    { "multipart/form-data;boundary=\"a b:c\"", "a b:c" },
    { "Multipart/Form-Data ; BOUNDARY=----WebKitFormBoundary7MA4 ",
      "----WebKitFormBoundary7MA4" },
    { "multipart/form-data; charset=utf-8; boundary=x", "x" },
    { "multipart/form-data; boundary=x; charset=\"a;b\"", "x" },
    { "multipart/form-data; boundary=gc0p4Jq0M2Yt08jU534c0p/a=b",
      "gc0p4Jq0M2Yt08jU534c0p/a=b" },
    { "multipart/form-data; boundary=" TEN TEN TEN TEN TEN TEN TEN,
      TEN TEN TEN TEN TEN TEN TEN },
    { "multipart/form-data; boundary=x;", "x" },
    { "multipart/form-data", NULL },
    { "multipart/form-data;", NULL },
    { "multipart/form-data; boundary", NULL },
    { "multipart/form-data; boundary=", NULL },
    { "multipart/form-data; boundary=\"\"", NULL },
    { "multipart/form-data; boundary=\"abc", NULL },
    { "multipart/form-data; boundary=\"abc \"", NULL },
    { "multipart/form-data; boundary=\"a\\b\"", NULL },
    { "multipart/form-data; boundary=\"abc\"d", NULL },
    { "multipart/form-data; boundary=ab\"c", NULL },
    { "multipart/form-data; boundary=a; boundary=a", NULL },
    { "multipart/form-data; boundary=a\tb", NULL },
    { "multipart/form-data; boundary=a\xc3\xa4", NULL },
    { "multipart/form-data; boundary=a, b; =x", NULL },
    { "multipart/form-data; boundary=" TEN TEN TEN TEN TEN TEN TEN "0",
      NULL },
};


#define NAMED(name)  "Content-Disposition: form-data; name=\"" name "\"\r\n"
#define PART(name, text)  "--b\r\n" NAMED(name) "\r\n" text "\r\n"

static const refused_t  refused[] = {
    { "an empty body", "", "the boundary does not occur", 0 },
    { "no boundary", "hello", "the boundary does not occur", 0 },
    { "another boundary", "--a\r\n", "the boundary does not occur", 0 },
    { "a boundary in the middle of a line", " --b\r\n",
      "the boundary does not occur", 0 },
    { "a boundary behind a bare LF", "x\n--b--",
      "the boundary does not occur", 0 },
    { "no end", PART("a", "1"), "it ends too early", 52 },
    { "no part", "--b\r\n", "it ends too early", 5 },
    { "one dash at the end", PART("a", "1") "--b-",
      "a boundary with text behind it", 52 },
    { "a longer boundary that begins alike",
      "--b\r\n" NAMED("a") "\r\n1\r\n--bc\r\n--b--",
      "a boundary with text behind it", 52 },
    { "the same at the end", PART("a", "1") "--b--c",
      "a boundary with text behind it", 52 },
    { "a bare LF behind a boundary", "--b\n" NAMED("a") "\r\n1\r\n--b--",
      "a boundary with text behind it", 0 },
    { "a bare LF in the headers",
      "--b\r\nContent-Disposition: form-data; name=\"a\"\n\r\n1\r\n--b--",
      "a control character in a header", 45 },
    { "a bare CR in the headers",
      "--b\r\nContent-Disposition: form-data;\rname=\"a\"\r\n\r\n1\r\n--b--",
      "a control character in a header", 36 },
    { "a header folded over two lines",
      "--b\r\nContent-Disposition: form-data;\r\n name=\"a\"\r\n\r\n1"
      "\r\n--b--", "a part without a name", 26 },
    { "a line that goes on with no header",
      "--b\r\n" NAMED("a") " x\r\n\r\n1\r\n--b--", "no header", 47 },
    { "a line without a colon", "--b\r\nhello\r\n\r\n1\r\n--b--",
      "no header", 5 },
    { "a space before the colon",
      "--b\r\nContent-Disposition : form-data; name=\"a\"\r\n\r\n1\r\n--b--",
      "no header", 5 },
    { "no disposition", "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--",
      "a part without a name", 5 },
    { "no headers", "--b\r\n\r\n1\r\n--b--", "a part without a name", 5 },
    { "an attachment",
      "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--",
      "no form-data", 26 },
    { "no name", "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
      "a part without a name", 26 },
    { "an empty name",
      "--b\r\n" NAMED("") "\r\n1\r\n--b--", "a part without a name", 26 },
    { "two names", "--b\r\nContent-Disposition: form-data; name=\"a\"; "
      "name=\"b\"\r\n\r\n1\r\n--b--", "a part with two names", 47 },
    { "two file names", "--b\r\nContent-Disposition: form-data; name=\"a\"; "
      "filename=\"\"; filename=\"c\"\r\n\r\n1\r\n--b--",
      "a part with two names", 60 },
    { "two dispositions", "--b\r\n" NAMED("a") NAMED("b") "\r\n1\r\n--b--",
      "a part with two dispositions", 68 },
    { "two types", "--b\r\n" NAMED("a") "Content-Type: a/b\r\n"
      "Content-Type: a/b\r\n\r\n1\r\n--b--", "a part with two types", 66 },
    { "a name that does not end",
      "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
      "no disposition", 35 },
    { "a name whose closing quote is escaped",
      "--b\r\nContent-Disposition: form-data; name=\"a\\\"\r\n\r\n1\r\n--b--",
      "no disposition", 35 },
    { "a name with text behind it",
      "--b\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\n1\r\n--b--",
      "no disposition", 45 },
    { "base64", "--b\r\n" NAMED("a")
      "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--",
      "a Content-Transfer-Encoding", 74 },
    { "a DEL in a header",
      "--b\r\nContent-Disposition: form-data; name=\"\x7f\"\r\n\r\n1"
      "\r\n--b--", "a control character in a header", 43 },
};


static void
test_types(void)
{
    size_t      i;
    aime_str_t  text;

    static const struct {
        const char  *type;
        int          form;
    } types[] = {
        { "multipart/form-data; boundary=x", 1 },
        { "multipart/form-data", 1 },
        { "MULTIPART/FORM-DATA ;boundary=x", 1 },
        { "multipart/form-data2; boundary=x", 0 },
        { "multipart/mixed; boundary=x", 0 },
        { "application/json", 0 },
        { "application/json; x=multipart/form-data", 0 },
        { ";multipart/form-data", 0 },
        { "", 0 },
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        text = tap_dup(types[i].type);
        tap_is_int(aime_multipart_is_form(text), types[i].form,
                   "'%s' is %s form", types[i].type,
                   types[i].form ? "a" : "no");
        tap_free(text);
    }
}


static void
test_boundaries(void)
{
    int         rc;
    size_t      i;
    aime_str_t  text, boundary;

    for (i = 0; i < sizeof(boundaries) / sizeof(boundaries[0]); i++) {
        text = tap_dup(boundaries[i].type);
        rc = aime_multipart_boundary(text, &boundary);

        if (boundaries[i].boundary == NULL) {
            tap_is_int(rc, AIME_ERROR, "no boundary in '%s'",
                       boundaries[i].type);

        } else if (tap_is_int(rc, AIME_OK, "'%s'", boundaries[i].type)) {
            tap_is(boundary, tap_str(boundaries[i].boundary), "its boundary");
        }

        tap_free(text);
    }
}


/* As the two official clients write it, in one. */

static void
test_form(void)
{
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_part_t  *part;
    aime_multipart_error_t  error;

    body = tap_dup("preamble\r\n"
                   "--b \t\r\n"
                   "Content-Disposition: form-data; name=\"model\"\r\n\r\n"
                   "whisper\r\n"
                   "--b\r\n"
                   "content-disposition:form-data;name=\"language\" \t ; x=y "
                   "\r\n\r\n"
                   "de\r\n"
                   "--b\r\n"
                   "Content-Type: audio/wav\r\n"
                   "Content-Transfer-Encoding: binary\r\n"
                   "X-Other: \xc3\xa4\r\n"
                   "Content-Disposition: form-data; name=\"file\"; "
                   "filename=\"a\\\"b%22;c.wav\"; filename*=UTF-8''x\r\n\r\n"
                   "RIFF\r\n--\r\n--c\r\n\r\n"
                   "--b--\r\nepilogue\r\n--b\r\n");

    if (tap_is_int(parse(body, "b", &form, &error), AIME_OK, "a form")) {
        tap_is_int(form.nparts, 3, "three parts");

        part = form.parts;
        tap_is(part->name, tap_str("model"), "a field's name");
        tap_is(part->body, tap_str("whisper"), "and value");
        tap_ok(part->filename.data == NULL, "which is no file");
        tap_ok(part->type.data == NULL, "and has no type");

        part++;
        tap_is(part->name, tap_str("language"), "a name without quotes");
        tap_is(part->body, tap_str("de"), "and its value");

        part++;
        tap_is(part->name, tap_str("file"), "a file");
        tap_is(part->filename, tap_str("a\\\"b%22;c.wav"),
               "its name as written");
        tap_is(part->type, tap_str("audio/wav"), "its type");
        tap_is(part->body, tap_str("RIFF\r\n--\r\n--c\r\n"), "its bytes");
        tap_ok(part->body.data > body.data
               && part->body.data < body.data + body.len, "where they were");
    }

    tap_free(body);
}


static void
test_bodies(void)
{
    size_t                  i;
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    static const struct {
        const char  *body;
        size_t       n;
        const char  *first;
    } bodies[] = {
        { "--b--", 0, NULL },
        { "--b--\r\n", 0, NULL },
        { "\r\n--b-- \t\r\n", 0, NULL },
        { PART("a", "") "--b--", 1, "" },
        { "--b\r\n" NAMED("a") "\r\n--b--", 1, "" },
        { PART("a", "\r\n") "--b--", 1, "\r\n" },
        { PART("a", "\r\n\r\n") "--b--", 1, "\r\n\r\n" },
        { PART("a", "-") "--b--", 1, "-" },
        { PART("a", "\r\r\r\n-\r\n--\r\n-b") "--b--", 1,
          "\r\r\r\n-\r\n--\r\n-b" },
        { PART("a", "x--b\r\n\n--b\r\r") "--b--", 1, "x--b\r\n\n--b\r\r" },
        { PART("a", "1") PART("a", "2") "--b--", 2, "1" },
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        body = tap_dup(bodies[i].body);

        if (tap_is_int(parse(body, "b", &form, &error), AIME_OK,
                       "body %u", (unsigned) i)
            && tap_is_int(form.nparts, bodies[i].n, "its parts")
            && bodies[i].n)
        {
            tap_is(form.parts[0].body, tap_str(bodies[i].first),
                   "the first one");
        }

        tap_free(body);
    }
}


/* Bytes of every kind, with zeros, and all lines of a boundary but its last. */

static void
test_binary(void)
{
    size_t                  len;
    unsigned int            i;
    unsigned char           text[2000], *p;
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    static const char  head[] = "--xyz\r\n" NAMED("f") "\r\n";
    static const char  tail[] = "\r\n--xyz--\r\n";

    p = text;
    memcpy(p, head, sizeof(head) - 1);
    p += sizeof(head) - 1;

    for (i = 0; i < 256; i++) {
        *p++ = i;
        *p++ = '\r';
    }

    for (i = 1; i < 7; i++) {
        memcpy(p, "\r\n--xyz", i);
        p += i;
    }

    len = p - text - (sizeof(head) - 1);
    memcpy(p, tail, sizeof(tail) - 1);
    p += sizeof(tail) - 1;

    body = tap_copy(text, p - text);

    if (tap_is_int(parse(body, "xyz", &form, &error), AIME_OK, "bytes")) {
        tap_ok(form.parts[0].body.len == len
               && memcmp(form.parts[0].body.data, text + sizeof(head) - 1,
                         len) == 0, "arrive as they are");
    }

    tap_free(body);
}


static void
test_refused(void)
{
    size_t                  i;
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        body = tap_dup(refused[i].body);

        if (tap_is_int(parse(body, "b", &form, &error), AIME_ERROR,
                       "refused: %s", refused[i].what))
        {
            tap_is_str(error.reason, refused[i].reason, "for its reason");
            tap_is_int(error.offset, refused[i].offset, "in its place");
        }

        tap_free(body);
    }
}


static void
test_limits(void)
{
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    body = repeated("", PART("a", "1"), AIME_MULTIPART_MAX_PARTS, "--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_OK, "as many parts");
    tap_is_int(form.nparts, AIME_MULTIPART_MAX_PARTS, "as there may be");
    tap_free(body);

    body = repeated("", PART("a", "1"), AIME_MULTIPART_MAX_PARTS + 1,
                    "--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_ERROR, "one more");
    tap_is_str(error.reason, "too many parts", "is refused");
    tap_free(body);

    body = repeated("--b\r\n" NAMED("a"), "X: y\r\n",
                    AIME_MULTIPART_MAX_HEADERS - 1, "\r\n\r\n--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_OK, "as many headers");
    tap_free(body);

    body = repeated("--b\r\n" NAMED("a"), "X: y\r\n",
                    AIME_MULTIPART_MAX_HEADERS, "\r\n\r\n--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_ERROR, "one more");
    tap_is_str(error.reason, "a part with too many headers", "is refused");
    tap_free(body);

    body = repeated("--b\r\n" NAMED("a") "X: ", "y",
                    AIME_MULTIPART_MAX_HEAD - 42 - 7, "\r\n\r\n\r\n--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_OK, "long headers");
    tap_free(body);

    body = repeated("--b\r\n" NAMED("a") "X: ", "y",
                    AIME_MULTIPART_MAX_HEAD - 42 - 6, "\r\n\r\n\r\n--b--");
    tap_is_int(parse(body, "b", &form, &error), AIME_ERROR, "longer ones");
    tap_is_str(error.reason, "the headers are too long", "are refused");
    tap_free(body);
}


/* A whole form, and each of its beginnings. */

static void
test_cut(void)
{
    int                     ok;
    size_t                  n, len;
    const char             *text;
    aime_str_t              body;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    text = PART("model", "x")
           "--b\r\nContent-Disposition: form-data; name=\"f\"; "
           "filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
           "RIFF\r\n\r\n--b--";
    len = strlen(text);
    ok = 1;

    for (n = 0; n < len; n++) {
        body = tap_copy(text, n);

        if (parse(body, "b", &form, &error) != AIME_ERROR
            || error.offset > n)
        {
            ok = 0;
            printf("# cut at %u\n", (unsigned) n);
        }

        tap_free(body);
    }

    tap_ok(ok, "no beginning of a form passes for one");

    body = tap_copy(text, len);
    tap_is_int(parse(body, "b", &form, &error), AIME_OK, "the whole does");
    tap_free(body);
}


/* A form with bytes changed: slices stay within it whatever it is taken for. */

static void
test_noise(void)
{
    int                     ok;
    char                    text[300];
    size_t                  i, n, len;
    uint32_t                seed;
    aime_str_t              body, *slice;
    aime_multipart_t        form;
    aime_multipart_error_t  error;

    static const char  letters[] = "\r\n-b\":;=\\ a\0\xff";

    seed = 1;
    ok = 1;

    for (i = 0; i < 20000; i++) {
        len = sprintf(text, "%s%s", PART("a", "1") PART("file", "\r\n-"),
                      "--b--\r\n");

        for (n = 0; n < 1 + i % 4; n++) {
            seed = seed * 1103515245 + 12345;
            text[(seed >> 8) % len] = letters[(seed >> 20)
                                              % (sizeof(letters) - 1)];
        }

        body = tap_copy(text, len);

        if (parse(body, "b", &form, &error) == AIME_OK) {

            for (n = 0; n < form.nparts; n++) {
                slice = &form.parts[n].body;

                if (slice->data < body.data
                    || slice->data + slice->len > body.data + body.len
                    || form.parts[n].name.len == 0)
                {
                    ok = 0;
                }
            }

        } else if (error.offset > len) {
            ok = 0;
        }

        tap_free(body);
    }

    tap_ok(ok, "no slice leaves its body");
}


static int
parse(aime_str_t body, const char *boundary, aime_multipart_t *form,
    aime_multipart_error_t *error)
{
    error->reason = NULL;
    error->offset = 0;

    return aime_multipart_parse(body, tap_str(boundary), form, error);
}


/* head, n times the text, tail; tap_free() it. */

static aime_str_t
repeated(const char *head, const char *text, size_t n, const char *tail)
{
    char        *buf, *p;
    aime_str_t   copy;

    buf = malloc(strlen(head) + n * strlen(text) + strlen(tail) + 1);

    if (buf == NULL) {
        abort();
    }

    p = stpcpy(buf, head);

    while (n--) {
        p = stpcpy(p, text);
    }

    p = stpcpy(p, tail);

    copy = tap_copy(buf, p - buf);
    free(buf);

    return copy;
}


int
main(void)
{
    test_types();
    test_boundaries();
    test_form();
    test_bodies();
    test_binary();
    test_refused();
    test_limits();
    test_cut();
    test_noise();

    return tap_done();
}
