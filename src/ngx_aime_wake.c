
/*
 * Process rows and wake-ups, see ngx_aime_wake.h.
 *
 * The eventfds are made once, before the first fork, and inherited by every
 * process of every generation: after a reload old and new processes wake each
 * other by the same numbers.
 */


#include "ngx_aime_wake.h"

#include <sys/eventfd.h>


#define NGX_AIME_WAKE_DRAIN    64
#define NGX_AIME_WAKE_LOOKS    20     /* one in so many is thorough */


static ngx_int_t ngx_aime_wake_listen(ngx_aime_zone_t *zone,
    ngx_log_t *log);
static void ngx_aime_wake_read_handler(ngx_event_t *ev);
static void ngx_aime_wake_write_handler(ngx_event_t *ev);
static void ngx_aime_wake_self_handler(ngx_event_t *ev);
static uint64_t ngx_aime_wake_started(ngx_pid_t pid);
static ngx_uint_t ngx_aime_wake_topic_there(ngx_aime_zone_t *zone,
    ngx_aime_shm_topic_t *topic);


/* This process's own: whom to signal once the lock is free, whom to tell. */

static ngx_aime_zone_t           *ngx_aime_wake_zone;
static ngx_aime_wake_handlers_t  *ngx_aime_wake_handlers;
static ngx_event_t                ngx_aime_wake_self;
static ngx_aime_shm_row_t       **ngx_aime_wake_pending;
static ngx_uint_t                 ngx_aime_wake_npending;


ngx_int_t
ngx_aime_wake_init(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    ngx_uint_t           i;
    ngx_aime_shm_row_t  *row;

    for (i = 0; i < zone->sh->nrows; i++) {
        row = &zone->sh->rows[i];

        if (row->fd != -1) {
            continue;
        }

        row->fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

        if (row->fd == -1) {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "eventfd() failed, %ui of %ui made", i,
                          zone->sh->nrows);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_aime_wake_init_process(ngx_aime_zone_t *zone, ngx_cycle_t *cycle,
    ngx_aime_wake_handlers_t *handlers)
{
    zone->row = NULL;

    ngx_aime_wake_zone = zone;
    ngx_aime_wake_handlers = handlers;
    ngx_aime_wake_npending = 0;

    ngx_aime_wake_pending = ngx_palloc(cycle->pool, zone->sh->nrows
                                               * sizeof(ngx_aime_shm_row_t *));
    if (ngx_aime_wake_pending == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ngx_aime_wake_self, sizeof(ngx_event_t));
    ngx_aime_wake_self.handler = ngx_aime_wake_self_handler;
    ngx_aime_wake_self.log = cycle->log;

    return NGX_OK;
}


ngx_int_t
ngx_aime_wake_claim(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    uint64_t             started;
    ngx_uint_t           i;
    ngx_aime_shm_row_t  *row;

    started = ngx_aime_wake_started(ngx_pid);

    ngx_aime_shm_lock(zone);

    for (i = 0; i < zone->sh->nrows; i++) {
        row = &zone->sh->rows[i];

        if (row->pid == 0) {
            row->pid = ngx_pid;
            row->started = started;
            row->signalled = 0;
            zone->row = row;
            break;
        }
    }

    ngx_aime_shm_unlock(zone);

    if (zone->row == NULL) {
        return NGX_DECLINED;
    }

    return ngx_aime_wake_listen(zone, log);
}


/*
 * Marked as a channel, the descriptor is not reported as an open socket when
 * the process quits; marked as idle, it is told when it begins to.
 */

static ngx_int_t
ngx_aime_wake_listen(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = ngx_get_connection(zone->row->fd, log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    rev = c->read;
    wev = c->write;

    rev->log = log;
    wev->log = log;
    rev->channel = 1;
    wev->channel = 1;
    rev->handler = ngx_aime_wake_read_handler;
    wev->handler = ngx_aime_wake_write_handler;

    c->idle = 1;

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_free_connection(c);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_aime_wake_read_handler(ngx_event_t *ev)
{
    ssize_t            n;
    uint64_t           count;
    ngx_connection_t  *c;

    c = ev->data;

    if (c->close) {
        c->close = 0;
        c->idle = 0;
        ngx_aime_wake_handlers->shutdown();
        return;
    }

    /*
     * The order matters: first the descriptor is emptied, then (in the drain)
     * the flag is cleared, then the inbox is read.
     */

    n = read(c->fd, &count, sizeof(count));

    if (n == -1 && ngx_errno != NGX_EAGAIN) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_errno,
                      "read() from eventfd failed");
    }

    ngx_aime_wake_drain(ngx_aime_wake_zone);

    if (ngx_handle_read_event(ev, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                      "cannot listen on eventfd any more");
    }
}


static void
ngx_aime_wake_write_handler(ngx_event_t *ev)
{
    /* nobody asked for it */
}


static void
ngx_aime_wake_self_handler(ngx_event_t *ev)
{
    ngx_aime_wake_drain(ngx_aime_wake_zone);
}


void
ngx_aime_wake_drain(ngx_aime_zone_t *zone)
{
    uint32_t                slots[NGX_AIME_WAKE_DRAIN];
    ngx_uint_t              i, n;
    ngx_queue_t            *q;
    ngx_aime_shm_row_t     *row;
    ngx_aime_shm_parked_t  *parked;

    row = zone->row;

    if (row == NULL) {
        return;
    }

    do {
        ngx_aime_shm_lock(zone);

        row->signalled = 0;

        for (n = 0; n < NGX_AIME_WAKE_DRAIN; n++) {
            if (ngx_queue_empty(&row->inbox)) {
                break;
            }

            q = ngx_queue_head(&row->inbox);
            ngx_queue_remove(q);
            ngx_queue_init(q);

            parked = ngx_queue_data(q, ngx_aime_shm_parked_t, inbox);
            slots[n] = parked->slot;
        }

        ngx_aime_shm_unlock(zone);

        for (i = 0; i < n; i++) {
            ngx_aime_wake_handlers->woken(slots[i]);
        }

    } while (n == NGX_AIME_WAKE_DRAIN);
}


ngx_uint_t
ngx_aime_wake_find_dead(ngx_aime_zone_t *zone, ngx_aime_wake_dead_t *dead,
    ngx_uint_t max)
{
    uint64_t             started, now;
    ngx_pid_t            pid;
    ngx_uint_t           i, n;
    ngx_aime_shm_row_t  *row;

    static ngx_uint_t  turn;

    n = 0;
    turn++;

    for (i = 0; i < zone->sh->nrows && n < max; i++) {
        row = &zone->sh->rows[i];
        pid = row->pid;
        started = row->started;

        if (pid == 0 || pid == ngx_pid) {
            continue;
        }

        if (kill(pid, 0) == -1 && ngx_errno == ESRCH) {
            goto found;
        }

        /* a pid may be another's by now, which is seldom: so is the look */

        if (turn % NGX_AIME_WAKE_LOOKS) {
            continue;
        }

        now = ngx_aime_wake_started(pid);

        if (now == 0 || started == 0 || now == started) {
            continue;
        }

    found:

        dead[n].row = row;
        dead[n].pid = pid;
        dead[n].started = started;
        n++;
    }

    return n;
}


/*
 * When a process began, in clock ticks since boot: field 22 of its stat file,
 * counted from behind the command's name, which may hold anything.  0 if it
 * cannot be told.
 */

static uint64_t
ngx_aime_wake_started(ngx_pid_t pid)
{
    char         *p, path[NGX_INT64_LEN + sizeof("/proc//stat")], buf[1024];
    ssize_t       n;
    ngx_fd_t      fd;
    ngx_uint_t    field;

    (void) ngx_sprintf((u_char *) path, "/proc/%P/stat%Z", pid);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = read(fd, buf, sizeof(buf) - 1);
    (void) ngx_close_file(fd);

    if (n <= 0) {
        return 0;
    }

    buf[n] = '\0';
    p = strrchr(buf, ')');

    for (field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }

    return p ? strtoull(p + 1, NULL, 10) : 0;
}


void
ngx_aime_wake_free_row_locked(ngx_aime_shm_row_t *row)
{
    row->signalled = 0;
    row->pid = 0;
}


ngx_aime_shm_parked_t *
ngx_aime_wake_park_locked(ngx_aime_zone_t *zone, ngx_aime_shm_topic_t *topic,
    ngx_aime_shm_worker_t *worker, uint32_t slot)
{
    ngx_aime_shm_parked_t  *parked;

    if (zone->row == NULL) {
        return NULL;
    }

    parked = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                        sizeof(ngx_aime_shm_parked_t));
    if (parked == NULL) {
        return NULL;
    }

    parked->topic = topic;
    parked->row = zone->row;
    parked->worker = worker;
    parked->slot = slot;
    parked->turn = zone->sh->turn++;

    ngx_queue_init(&parked->inbox);
    ngx_queue_insert_tail(&topic->parked, &parked->link);
    ngx_queue_insert_tail(&zone->row->parked, &parked->owned);

    topic->nparked++;

    if (worker) {
        worker->nparked++;
    }

    zone->sh->nwaits[ngx_aime_wake_waits(parked)]++;

    ngx_aime_shm_mark_locked(&zone->sh->arena, parked, NGX_AIME_SHM_PARKED);

    return parked;
}


void
ngx_aime_wake_client_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked)
{
    zone->sh->nwaits[ngx_aime_wake_waits(parked)]--;
    parked->client = 1;
    zone->sh->nwaits[ngx_aime_wake_waits(parked)]++;
}


void
ngx_aime_wake_watch_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked)
{
    zone->sh->nwaits[ngx_aime_wake_waits(parked)]--;
    parked->watches = 1;
    zone->sh->nwaits[ngx_aime_wake_waits(parked)]++;
}


ngx_uint_t
ngx_aime_wake_waits(ngx_aime_shm_parked_t *parked)
{
    if (parked->worker) {
        return NGX_AIME_WAITS_POLL;
    }

    return (parked->client && !parked->watches) ? NGX_AIME_WAITS_CLIENT
                                                : NGX_AIME_WAITS_WATCH;
}


void
ngx_aime_wake_repark_locked(ngx_aime_shm_parked_t *parked)
{
    ngx_queue_t            *q;
    ngx_aime_shm_topic_t   *topic;
    ngx_aime_shm_parked_t  *other;

    topic = parked->topic;

    if (!parked->woken || topic == NULL) {
        return;
    }

    /*
     * A poll waits longer than most, so its place is near the head.  Others
     * are woken all at once, their order is of no matter.
     */

    for (q = parked->worker ? ngx_queue_head(&topic->parked)
                            : ngx_queue_sentinel(&topic->parked);
         q != ngx_queue_sentinel(&topic->parked);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_aime_shm_parked_t, link);

        if (other->turn > parked->turn) {
            break;
        }
    }

    ngx_queue_remove(&parked->link);
    ngx_queue_insert_tail(q, &parked->link);

    ngx_queue_remove(&parked->inbox);
    ngx_queue_init(&parked->inbox);

    parked->woken = 0;
    topic->nparked++;
    topic->nwoken--;
}


void
ngx_aime_wake_unpark_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_mark_locked(&zone->sh->arena, parked, NGX_AIME_SHM_DRAFT);

    if (parked->topic) {
        ngx_queue_remove(&parked->link);

        if (parked->woken) {
            parked->topic->nwoken--;

        } else {
            parked->topic->nparked--;
        }
    }

    ngx_queue_remove(&parked->inbox);
    ngx_queue_remove(&parked->owned);

    zone->sh->nwaits[ngx_aime_wake_waits(parked)]--;

    if (parked->worker) {
        parked->worker->nparked--;
    }

    ngx_aime_shm_free_locked(&zone->sh->arena, parked);
}


void
ngx_aime_wake_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_arena_t   *arena;
    ngx_aime_shm_parked_t  *parked;

    arena = &zone->sh->arena;
    parked = NULL;

    while ((parked = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_PARKED,
                                              parked)))
    {
        if (parked->row->pid == 0) {
            ngx_aime_shm_free_locked(arena, parked);
            continue;
        }

        parked->woken = 1;
        ngx_queue_insert_tail(&parked->row->parked, &parked->owned);
        ngx_queue_insert_tail(&parked->row->inbox, &parked->inbox);

        if (!ngx_aime_wake_topic_there(zone, parked->topic)) {
            parked->topic = NULL;
            parked->worker = NULL;
            zone->sh->nwaits[ngx_aime_wake_waits(parked)]++;
            continue;
        }

        zone->sh->nwaits[ngx_aime_wake_waits(parked)]++;

        parked->topic->nwoken++;
        ngx_queue_insert_tail(&parked->topic->woken, &parked->link);

        if (parked->worker) {
            parked->worker->nparked++;
        }
    }
}


/* Is it of a job type or of a job that is there? */

static ngx_uint_t
ngx_aime_wake_topic_there(ngx_aime_zone_t *zone, ngx_aime_shm_topic_t *topic)
{
    ngx_queue_t          *q;
    ngx_aime_shm_type_t  *type;

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);

        if (topic == &type->polls) {
            return 1;
        }
    }

    return topic
           && ngx_aime_shm_kind_locked(&zone->sh->arena,
                                       (u_char *) topic
                                       - offsetof(ngx_aime_shm_job_t,
                                                  watchers))
              == NGX_AIME_SHM_JOB;
}


void
ngx_aime_wake_one_locked(ngx_aime_zone_t *zone, ngx_aime_shm_topic_t *topic)
{
    ngx_queue_t  *q;

    if (topic->nparked == 0) {
        return;
    }

    q = ngx_queue_head(&topic->parked);

    ngx_aime_wake_entry_locked(zone, ngx_queue_data(q, ngx_aime_shm_parked_t,
                                                    link));
}


void
ngx_aime_wake_all_locked(ngx_aime_zone_t *zone, ngx_aime_shm_topic_t *topic)
{
    while (topic->nparked) {
        ngx_aime_wake_one_locked(zone, topic);
    }
}


void
ngx_aime_wake_close_locked(ngx_aime_zone_t *zone, ngx_aime_shm_topic_t *topic)
{
    ngx_queue_t            *q;
    ngx_aime_shm_parked_t  *parked;

    ngx_aime_wake_all_locked(zone, topic);

    while (topic->nwoken) {
        q = ngx_queue_head(&topic->woken);
        ngx_queue_remove(q);

        parked = ngx_queue_data(q, ngx_aime_shm_parked_t, link);
        parked->topic = NULL;
        topic->nwoken--;
    }
}


void
ngx_aime_wake_entry_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_row_t  *row;

    ngx_queue_remove(&parked->link);
    ngx_queue_insert_tail(&parked->topic->woken, &parked->link);

    parked->woken = 1;
    parked->topic->nparked--;
    parked->topic->nwoken++;

    row = parked->row;
    ngx_queue_insert_tail(&row->inbox, &parked->inbox);

    if (!row->signalled) {
        row->signalled = 1;
        ngx_aime_wake_pending[ngx_aime_wake_npending++] = row;
    }
}


void
ngx_aime_wake_send(ngx_aime_zone_t *zone)
{
    uint64_t             one;
    ngx_aime_shm_row_t  *row;

    one = 1;

    while (ngx_aime_wake_npending) {
        row = ngx_aime_wake_pending[--ngx_aime_wake_npending];

        if (row == zone->row) {
            if (!ngx_aime_wake_self.posted) {
                ngx_post_event(&ngx_aime_wake_self, &ngx_posted_events);
            }

            continue;
        }

        if (write(row->fd, &one, sizeof(one)) == -1
            && ngx_errno != NGX_EAGAIN)
        {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "write() to eventfd failed");
        }
    }
}

