
/* A payload from pieces, see ngx_http_aime_pieces.h. */


#include "ngx_http_aime_pieces.h"


static ngx_int_t ngx_http_aime_one_line(ngx_http_request_t *r,
    aime_str_t *text);


ngx_int_t
ngx_http_aime_pieces_init(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_uint_t n)
{
    pieces->nelts = 0;
    pieces->len = 0;
    pieces->elts = ngx_palloc(r->pool, n * sizeof(ngx_str_t));

    return pieces->elts ? NGX_OK : NGX_ERROR;
}


void
ngx_http_aime_pieces_add(ngx_http_aime_pieces_t *pieces, const void *data,
    size_t len)
{
    pieces->elts[pieces->nelts].data = (u_char *) data;
    pieces->elts[pieces->nelts].len = len;

    pieces->nelts++;
    pieces->len += len;
}


ngx_int_t
ngx_http_aime_pieces_output(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_array_t *outputs,
    aime_json_member_t *arg)
{
    aime_str_t               text;
    ngx_http_aime_output_t  *output;

    output = ngx_http_aime_output(outputs, &arg->name);

    if (output == NULL
        || (output->number && arg->value.type != AIME_JSON_NUMBER))
    {
        return NGX_OK;
    }

    text = arg->value.text;

    if (arg->value.type >= AIME_JSON_ARRAY
        && ngx_http_aime_one_line(r, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_aime_pieces_add(pieces, output->lead.data, output->lead.len);
    ngx_http_aime_pieces_add(pieces, text.data, text.len);

    return NGX_OK;
}


/*
 * An event of a stream ends with its line.  Within JSON only the space between
 * tokens can hold line breaks, so this is for arrays and objects alone; what
 * has none, which is nearly all, stays where it is.
 */

static ngx_int_t
ngx_http_aime_one_line(ngx_http_request_t *r, aime_str_t *text)
{
    u_char  *p, *copy;

    if (memchr(text->data, LF, text->len) == NULL
        && memchr(text->data, CR, text->len) == NULL)
    {
        return NGX_OK;
    }

    copy = ngx_pnalloc(r->pool, text->len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text->data, text->len);

    for (p = copy; p < copy + text->len; p++) {
        if (*p == LF || *p == CR) {
            *p = ' ';
        }
    }

    text->data = copy;

    return NGX_OK;
}


void
ngx_http_aime_pieces_start(ngx_http_aime_pieces_t *pieces,
    ngx_aime_shm_payload_t *payload)
{
    ngx_aime_shm_fill_start(&pieces->cursor, payload);

    pieces->next = 0;
    pieces->copied = 0;
}


ngx_uint_t
ngx_http_aime_pieces_copy(ngx_http_aime_pieces_t *pieces, size_t max)
{
    size_t      n;
    ngx_str_t  *piece;

    while (pieces->next < pieces->nelts) {
        piece = &pieces->elts[pieces->next];
        n = ngx_min(piece->len - pieces->copied, max);

        ngx_aime_shm_fill(&pieces->cursor, piece->data + pieces->copied, n);

        pieces->copied += n;
        max -= n;

        if (pieces->copied < piece->len) {
            return 0;
        }

        pieces->next++;
        pieces->copied = 0;
    }

    return 1;
}
