
/* Samples of metrics, see ngx_http_aime_sample.h. */


#include "ngx_http_aime_sample.h"


static u_char *ngx_http_aime_sample_start(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value);
static void ngx_http_aime_sample_count(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value, uint64_t n);
static void ngx_http_aime_sample_seconds(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value, uint64_t msec);
static void ngx_http_aime_sample_bucket(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, const char *bound, uint64_t n);


/* ngx_aime_shm_time_bounds and _size_bounds, in the form of OpenMetrics */

static const char  *ngx_http_aime_time_bounds[NGX_AIME_SHM_NTIMES + 1] = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5",
    "5.0", "10.0", "30.0", "60.0", "120.0", "300.0", "600.0", "1800.0",
    "3600.0", "+Inf"
};

static const char  *ngx_http_aime_size_bounds[NGX_AIME_SHM_NSIZES + 1] = {
    "1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "128.0", "256.0",
    "+Inf"
};


ngx_int_t
ngx_http_aime_sample_escape(ngx_pool_t *pool, ngx_str_t *text)
{
    u_char  *p, *dst;

    dst = ngx_pnalloc(pool, 2 * text->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    p = dst;

    for ( /* void */ ; text->len; text->len--, text->data++) {

        switch (*text->data) {

        case '\n':
            *p++ = '\\';
            *p++ = 'n';
            break;

        case '\\':
        case '"':
            *p++ = '\\';
            /* fall through */

        default:
            *p++ = *text->data;
        }
    }

    text->data = dst;
    text->len = p - dst;

    return NGX_OK;
}


void
ngx_http_aime_sample_head(ngx_http_aime_sample_t *sample, const char *help)
{
    u_char      *p;
    size_t       len;
    const char  *total;

    len = sizeof("# HELP _total \n# TYPE _total \n")
          + 2 * ngx_strlen(sample->name) + ngx_strlen(help)
          + ngx_strlen(sample->type);

    p = ngx_http_aime_reply_room(sample->reply, len);
    if (p == NULL) {
        return;
    }

    /* OpenMetrics names a counter without _total where it describes it */

    total = (!sample->open && sample->type[0] == 'c') ? "_total" : "";

    p = ngx_sprintf(p, "# HELP %s%s %s\n# TYPE %s%s %s\n", sample->name,
                    total, help, sample->name, total, sample->type);

    ngx_http_aime_reply_wrote(sample->reply, p);
}


void
ngx_http_aime_sample_number(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, uint64_t n)
{
    ngx_http_aime_sample_count(sample,
                               (sample->type[0] == 'c') ? "_total" : "",
                               label, value, n);
}


void
ngx_http_aime_sample_time(ngx_http_aime_sample_t *sample, uint64_t msec)
{
    ngx_http_aime_sample_seconds(sample, "", NULL, NULL, msec);
}


void
ngx_http_aime_sample_times(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, ngx_aime_shm_times_t *times)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i <= NGX_AIME_SHM_NTIMES; i++) {
        n += times->counts[i];
        ngx_http_aime_sample_bucket(sample, label, value,
                                    ngx_http_aime_time_bounds[i], n);
    }

    ngx_http_aime_sample_seconds(sample, "_sum", label, value, times->sum);
    ngx_http_aime_sample_count(sample, "_count", label, value, n);
}


void
ngx_http_aime_sample_sizes(ngx_http_aime_sample_t *sample,
    ngx_aime_shm_sizes_t *sizes)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i <= NGX_AIME_SHM_NSIZES; i++) {
        n += sizes->counts[i];
        ngx_http_aime_sample_bucket(sample, NULL, NULL,
                                    ngx_http_aime_size_bounds[i], n);
    }

    ngx_http_aime_sample_count(sample, "_sum", NULL, NULL, sizes->sum);
    ngx_http_aime_sample_count(sample, "_count", NULL, NULL, n);
}


/*
 * The line up to its number, for which there is room behind it; the caller
 * tells the reply where it ended.  NULL: no memory.
 */

static u_char *
ngx_http_aime_sample_start(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(sample->name) + ngx_strlen(suffix)
          + sizeof("{=\"\",=\"\"} .000\n") + NGX_INT64_LEN;

    if (sample->value) {
        len += ngx_strlen(sample->label) + sample->value->len;
    }

    if (label) {
        len += ngx_strlen(label) + ngx_strlen(value);
    }

    p = ngx_http_aime_reply_room(sample->reply, len);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_sprintf(p, "%s%s", sample->name, suffix);

    if (sample->value && label) {
        return ngx_sprintf(p, "{%s=\"%V\",%s=\"%s\"} ", sample->label,
                           sample->value, label, value);
    }

    if (sample->value) {
        return ngx_sprintf(p, "{%s=\"%V\"} ", sample->label,
                           sample->value);
    }

    if (label) {
        return ngx_sprintf(p, "{%s=\"%s\"} ", label, value);
    }

    *p++ = ' ';

    return p;
}


static void
ngx_http_aime_sample_count(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value, uint64_t n)
{
    u_char  *p;

    p = ngx_http_aime_sample_start(sample, suffix, label, value);

    if (p) {
        ngx_http_aime_reply_wrote(sample->reply, ngx_sprintf(p, "%uL\n", n));
    }
}


static void
ngx_http_aime_sample_seconds(ngx_http_aime_sample_t *sample,
    const char *suffix, const char *label, const char *value, uint64_t msec)
{
    u_char  *p;

    p = ngx_http_aime_sample_start(sample, suffix, label, value);

    if (p) {
        p = ngx_sprintf(p, "%uL.%03uL\n", msec / 1000, msec % 1000);
        ngx_http_aime_reply_wrote(sample->reply, p);
    }
}


static void
ngx_http_aime_sample_bucket(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, const char *bound, uint64_t n)
{
    u_char  *p;

    /* all histograms are of types or endpoints */

    p = ngx_http_aime_reply_room(sample->reply,
                 ngx_strlen(sample->name)
                 + sizeof("_bucket{=\"\",=\"\",le=\"\"} \n") + NGX_INT64_LEN
                 + ngx_strlen(sample->label) + sample->value->len
                 + (label ? ngx_strlen(label) + ngx_strlen(value) : 0)
                 + ngx_strlen(bound));
    if (p == NULL) {
        return;
    }

    p = ngx_sprintf(p, "%s_bucket{%s=\"%V\"", sample->name, sample->label,
                    sample->value);

    if (label) {
        p = ngx_sprintf(p, ",%s=\"%s\"", label, value);
    }

    p = ngx_sprintf(p, ",le=\"%s\"} %uL\n", bound, n);

    ngx_http_aime_reply_wrote(sample->reply, p);
}
