
/* Payloads as chains of chunks, see ngx_aime_shm_payload.h. */


#include "ngx_aime_shm_payload.h"


#define NGX_AIME_SHM_PAYLOAD_HEAD                                             \
    (offsetof(ngx_aime_shm_payload_t, first)                                  \
     + offsetof(ngx_aime_shm_chunk_t, data))

#define NGX_AIME_SHM_CHUNK_HEAD    offsetof(ngx_aime_shm_chunk_t, data)


static void ngx_aime_shm_hold_link(ngx_aime_zone_t *zone,
    ngx_aime_shm_hold_t *hold, ngx_aime_shm_payload_t *payload);
static void ngx_aime_shm_free_payload(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_payload_t *payload);


ngx_aime_shm_hold_t *
ngx_aime_shm_reserve_locked(ngx_aime_zone_t *zone, size_t len)
{
    size_t                    n, rest;
    ngx_aime_shm_arena_t     *arena;
    ngx_aime_shm_hold_t      *hold;
    ngx_aime_shm_chunk_t     *chunk, **last;
    ngx_aime_shm_payload_t   *payload;

    if (zone->row == NULL) {
        return NULL;
    }

    arena = &zone->sh->arena;

    hold = ngx_aime_shm_alloc_locked(arena, sizeof(ngx_aime_shm_hold_t));
    if (hold == NULL) {
        return NULL;
    }

    n = ngx_min(len, NGX_AIME_SHM_BLOCK_SIZE - NGX_AIME_SHM_PAYLOAD_HEAD);

    payload = ngx_aime_shm_alloc_locked(arena, NGX_AIME_SHM_PAYLOAD_HEAD + n);
    if (payload == NULL) {
        ngx_aime_shm_free_locked(arena, hold);
        return NULL;
    }

    payload->len = len;
    payload->refs = 1;
    payload->failed = 0;
    payload->first.next = NULL;
    payload->first.size = n;

    last = &payload->first.next;

    for (rest = len - n; rest; rest -= n) {
        n = ngx_min(rest, NGX_AIME_SHM_BLOCK_SIZE - NGX_AIME_SHM_CHUNK_HEAD);

        chunk = ngx_aime_shm_alloc_locked(arena, NGX_AIME_SHM_CHUNK_HEAD + n);
        if (chunk == NULL) {
            ngx_aime_shm_free_payload(arena, payload);
            ngx_aime_shm_free_locked(arena, hold);
            return NULL;
        }

        chunk->next = NULL;
        chunk->size = n;
        ngx_aime_shm_mark_locked(arena, chunk, NGX_AIME_SHM_CHUNK);

        *last = chunk;
        last = &chunk->next;
    }

    ngx_aime_shm_mark_locked(arena, payload, NGX_AIME_SHM_PAYLOAD);
    ngx_aime_shm_hold_link(zone, hold, payload);

    return hold;
}


size_t
ngx_aime_shm_payload_cost(size_t len)
{
    size_t  n;

    n = NGX_AIME_SHM_BLOCK_SIZE - NGX_AIME_SHM_CHUNK_HEAD;

    return ngx_aime_shm_slot_size(sizeof(ngx_aime_shm_hold_t))
           + len / n * NGX_AIME_SHM_BLOCK_SIZE
           + ngx_aime_shm_slot_size(len % n + NGX_AIME_SHM_PAYLOAD_HEAD);
}


void
ngx_aime_shm_fill_start(ngx_aime_shm_cursor_t *cursor,
    ngx_aime_shm_payload_t *payload)
{
    cursor->chunk = &payload->first;
    cursor->offset = 0;
}


void
ngx_aime_shm_fill(ngx_aime_shm_cursor_t *cursor, const u_char *data,
    size_t len)
{
    size_t  n;

    while (len) {
        if (cursor->offset == cursor->chunk->size) {
            cursor->chunk = cursor->chunk->next;
            cursor->offset = 0;
        }

        n = ngx_min(len, cursor->chunk->size - cursor->offset);

        ngx_memcpy(cursor->chunk->data + cursor->offset, data, n);

        cursor->offset += n;
        data += n;
        len -= n;
    }
}


void
ngx_aime_shm_copy(ngx_aime_shm_payload_t *payload, size_t offset, size_t len,
    u_char *dst)
{
    size_t                 n;
    ngx_aime_shm_chunk_t  *chunk;

    for (chunk = &payload->first; chunk && len; chunk = chunk->next) {

        if (offset >= chunk->size) {
            offset -= chunk->size;
            continue;
        }

        n = ngx_min(len, chunk->size - offset);
        dst = ngx_cpymem(dst, chunk->data + offset, n);

        offset = 0;
        len -= n;
    }
}


ngx_aime_shm_payload_t *
ngx_aime_shm_keep_locked(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold)
{
    ngx_aime_shm_payload_t  *payload;

    payload = hold->payload;

    ngx_queue_remove(&hold->link);
    ngx_aime_shm_free_locked(&zone->sh->arena, hold);

    return payload;
}


ngx_aime_shm_hold_t *
ngx_aime_shm_hold_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_payload_t *payload)
{
    ngx_aime_shm_hold_t  *hold;

    if (zone->row == NULL) {
        return NULL;
    }

    hold = ngx_aime_shm_alloc_locked(&zone->sh->arena,
                                     sizeof(ngx_aime_shm_hold_t));
    if (hold == NULL) {
        return NULL;
    }

    payload->refs++;
    ngx_aime_shm_hold_link(zone, hold, payload);

    return hold;
}


static void
ngx_aime_shm_hold_link(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold,
    ngx_aime_shm_payload_t *payload)
{
    hold->row = zone->row;
    hold->payload = payload;
    ngx_queue_insert_tail(&zone->row->holds, &hold->link);

    ngx_aime_shm_mark_locked(&zone->sh->arena, hold, NGX_AIME_SHM_HOLD);
}


void
ngx_aime_shm_drop_locked(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold)
{
    ngx_aime_shm_release_locked(zone, ngx_aime_shm_keep_locked(zone, hold));
}


void
ngx_aime_shm_release_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_payload_t *payload)
{
    if (--payload->refs == 0) {
        ngx_aime_shm_free_payload(&zone->sh->arena, payload);
    }
}


static void
ngx_aime_shm_free_payload(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_payload_t *payload)
{
    ngx_aime_shm_chunk_t  *chunk, *next;

    ngx_aime_shm_mark_locked(arena, payload, NGX_AIME_SHM_DRAFT);

    for (chunk = payload->first.next; chunk; chunk = next) {
        next = chunk->next;
        ngx_aime_shm_free_locked(arena, chunk);
    }

    ngx_aime_shm_free_locked(arena, payload);
}


void
ngx_aime_shm_payload_reset_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_payload_t  *payload;

    payload = NULL;

    while ((payload = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_PAYLOAD, payload)))
    {
        payload->refs = 0;
    }
}


ngx_aime_shm_payload_t *
ngx_aime_shm_payload_again_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_payload_t *payload)
{
    if (ngx_aime_shm_kind_locked(&zone->sh->arena, payload)
        != NGX_AIME_SHM_PAYLOAD)
    {
        return NULL;
    }

    payload->refs++;

    return payload;
}


void
ngx_aime_shm_hold_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_hold_t   *hold;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;
    hold = NULL;

    while ((hold = ngx_aime_shm_next_locked(arena,
                                            NGX_AIME_SHM_HOLD, hold)))
    {
        if (hold->row->pid == 0
            || ngx_aime_shm_payload_again_locked(zone, hold->payload) == NULL)
        {
            ngx_aime_shm_free_locked(arena, hold);
            continue;
        }

        ngx_queue_insert_tail(&hold->row->holds, &hold->link);
    }
}


/*
 * A chunk that is no draft belongs to the payload that it can be reached from,
 * if that one is whole and somebody's; all others are in doubt, then free.
 */

void
ngx_aime_shm_payload_sweep_locked(ngx_aime_zone_t *zone)
{
    void                    *p;
    ngx_aime_shm_arena_t    *arena;
    ngx_aime_shm_chunk_t    *chunk;
    ngx_aime_shm_payload_t  *payload;

    arena = &zone->sh->arena;

    p = NULL;

    while ((p = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_CHUNK, p))) {
        ngx_aime_shm_mark_locked(arena, p, NGX_AIME_SHM_STRAY);
    }

    payload = NULL;

    while ((payload = ngx_aime_shm_next_locked(arena,
                                            NGX_AIME_SHM_PAYLOAD, payload)))
    {
        if (payload->refs == 0) {
            ngx_aime_shm_free_locked(arena, payload);
            continue;
        }

        for (chunk = payload->first.next; chunk; chunk = chunk->next) {
            ngx_aime_shm_mark_locked(arena, chunk, NGX_AIME_SHM_CHUNK);
        }
    }

    p = NULL;

    while ((p = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_STRAY, p))) {
        ngx_aime_shm_free_locked(arena, p);
    }
}
