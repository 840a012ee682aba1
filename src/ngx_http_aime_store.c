
/* What stays with a job, see ngx_http_aime_store.h. */


#include "ngx_http_aime_store.h"
#include "ngx_aime_job_room.h"


static size_t ngx_http_aime_store_value(ngx_aime_shm_cursor_t *cursor,
    aime_input_t *input, size_t member, size_t n);


ngx_aime_shm_hold_t *
ngx_http_aime_store_inputs(ngx_aime_zone_t *zone, aime_input_t *input)
{
    size_t                  i, n, len;
    u_char                  buf[8 + 6 * NGX_AIME_NAME_LEN], *p;
    aime_json_member_t     *member;
    aime_input_medium_t    *medium;
    ngx_aime_shm_hold_t    *hold;
    ngx_aime_shm_cursor_t   cursor;

    static ngx_str_t  waits[] = {
        ngx_string(",\"wait_for_result\":false"),
        ngx_string(",\"wait_for_result\":true")
    };

    len = waits[input->wait_for_result].len;

    for (i = 0; i < input->nmembers; i++) {
        member = &input->members[i];
        len += 2 + aime_json_quoted_len(member->name)
               + member->value.text.len;
    }

    for (i = 0; i < input->media.nelts; i++) {
        medium = &input->media.elts[i];

        if (medium->converted.len) {
            len += medium->converted.len - medium->value.len;
        }
    }

    hold = ngx_aime_job_reserve(zone, len, NGX_AIME_ROOM_INPUT);
    if (hold == NULL) {
        return NULL;
    }

    ngx_aime_shm_fill_start(&cursor, hold->payload);
    ngx_aime_shm_fill(&cursor, waits[input->wait_for_result].data,
                      waits[input->wait_for_result].len);

    n = 0;

    for (i = 0; i < input->nmembers; i++) {
        member = &input->members[i];

        p = buf;
        *p++ = ',';
        p = aime_json_quote(p, member->name);
        *p++ = ':';

        ngx_aime_shm_fill(&cursor, buf, p - buf);

        n = ngx_http_aime_store_value(&cursor, input, i, n);
    }

    return hold;
}


/*
 * A member's value, with those of its media that were converted in the place
 * of what they were; n is its first medium, the next one's is given.
 */

static size_t
ngx_http_aime_store_value(ngx_aime_shm_cursor_t *cursor, aime_input_t *input,
    size_t member, size_t n)
{
    aime_str_t            text;
    const u_char         *p;
    aime_input_medium_t  *medium;

    text = input->members[member].value.text;
    p = text.data;

    for ( /* void */ ; n < input->media.nelts; n++) {
        medium = &input->media.elts[n];

        if (medium->member != member) {
            break;
        }

        if (medium->converted.len) {
            ngx_aime_shm_fill(cursor, p, medium->value.data - p);
            ngx_aime_shm_fill(cursor, medium->converted.data,
                              medium->converted.len);

            p = medium->value.data + medium->value.len;
        }
    }

    ngx_aime_shm_fill(cursor, p, text.data + text.len - p);

    return n;
}


ngx_aime_shm_hold_t *
ngx_http_aime_store_text(ngx_aime_zone_t *zone, const ngx_str_t *text)
{
    ngx_aime_shm_hold_t    *hold;
    ngx_aime_shm_cursor_t   cursor;

    hold = ngx_aime_job_reserve(zone, text->len, NGX_AIME_ROOM_INPUT);
    if (hold == NULL) {
        return NULL;
    }

    ngx_aime_shm_fill_start(&cursor, hold->payload);
    ngx_aime_shm_fill(&cursor, text->data, text->len);

    return hold;
}
