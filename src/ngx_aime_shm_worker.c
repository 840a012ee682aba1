
/*
 * The registry of GPU workers, see ngx_aime_shm_worker.h.
 *
 * One tree by name for all job types: generation B's job requests do not say
 * which one they mean.
 */


#include "ngx_aime_shm_worker.h"
#include "ngx_aime_shm_index.h"


static ngx_uint_t ngx_aime_shm_worker_described(
    ngx_aime_shm_worker_t *worker, ngx_str_t *fields);
static void ngx_aime_shm_worker_undescribe(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);
static void ngx_aime_shm_worker_link(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);
static void ngx_aime_shm_worker_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_int_t ngx_aime_shm_worker_compare(ngx_str_t *name,
    ngx_uint_t hash, ngx_rbtree_node_t *node);
static ngx_rbtree_node_t *ngx_aime_shm_worker_first(ngx_aime_zone_t *zone,
    ngx_str_t *name, ngx_uint_t hash);
static ngx_aime_shm_worker_t *ngx_aime_shm_worker_next(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);


ngx_aime_shm_worker_t *
ngx_aime_shm_worker_find_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name)
{
    ngx_aime_shm_worker_t  *worker;

    worker = (ngx_aime_shm_worker_t *)
                 ngx_aime_shm_worker_first(zone, name,
                                   ngx_murmur_hash2(name->data, name->len));

    while (worker && worker->type != type) {
        worker = ngx_aime_shm_worker_next(zone, worker);
    }

    return worker;
}


ngx_aime_shm_worker_t *
ngx_aime_shm_worker_by_name_locked(ngx_aime_zone_t *zone, ngx_str_t *name)
{
    ngx_aime_shm_worker_t  *worker, *found;

    worker = (ngx_aime_shm_worker_t *)
                 ngx_aime_shm_worker_first(zone, name,
                                   ngx_murmur_hash2(name->data, name->len));

    found = worker;

    while (worker && !found->login) {
        if (worker->login) {
            found = worker;
        }

        worker = ngx_aime_shm_worker_next(zone, worker);
    }

    return found;
}


ngx_aime_shm_worker_t *
ngx_aime_shm_worker_create_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name)
{
    ngx_aime_shm_t         *sh;
    ngx_aime_shm_worker_t  *worker;

    sh = zone->sh;

    if (sh->nworkers >= NGX_AIME_MAX_WORKERS) {
        return NULL;
    }

    worker = ngx_aime_shm_calloc_locked(&sh->arena,
                                    sizeof(ngx_aime_shm_worker_t) + name->len);
    if (worker == NULL) {
        return NULL;
    }

    ngx_queue_init(&worker->running);

    worker->type = type;
    worker->number = ++sh->worker_number;
    worker->name_len = name->len;
    ngx_memcpy(worker->name, name->data, name->len);

    ngx_aime_shm_worker_link(zone, worker);

    ngx_aime_shm_mark_locked(&sh->arena, worker, NGX_AIME_SHM_WORKER);

    return worker;
}


static void
ngx_aime_shm_worker_link(ngx_aime_zone_t *zone, ngx_aime_shm_worker_t *worker)
{
    ngx_aime_shm_t  *sh;

    sh = zone->sh;

    worker->node.key = ngx_murmur_hash2(worker->name, worker->name_len);

    /* here, since the header's own file does not know the order of names */
    sh->workers.insert = ngx_aime_shm_worker_insert;

    ngx_rbtree_insert(&sh->workers, &worker->node);
    sh->nworkers++;

    ngx_queue_insert_tail(&worker->type->workers, &worker->link);
    worker->type->nworkers++;
}


void
ngx_aime_shm_worker_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_arena_t   *arena;
    ngx_aime_shm_worker_t  *worker;

    arena = &zone->sh->arena;
    worker = NULL;

    while ((worker = ngx_aime_shm_next_locked(arena,
                                            NGX_AIME_SHM_WORKER, worker)))
    {
        ngx_queue_init(&worker->running);
        worker->nrunning = 0;
        worker->nparked = 0;

        if (ngx_aime_shm_kind_locked(arena, worker->fields)
            != NGX_AIME_SHM_FIELDS)
        {
            worker->fields = NULL;
            ngx_memzero(worker->field_len, sizeof(worker->field_len));
        }

        ngx_aime_shm_worker_link(zone, worker);
        worker->type->nonline += worker->online;

        worker->deadlined = 1;
        ngx_aime_shm_deadline_add_locked(zone, &worker->deadline,
                                         NGX_AIME_DEADLINE_WORKER,
                                         worker->seen + worker->silence);
    }
}


void
ngx_aime_shm_worker_move_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker, ngx_aime_shm_type_t *type)
{
    ngx_uint_t  online;

    online = worker->online;
    ngx_aime_shm_worker_online_locked(worker, 0);

    ngx_queue_remove(&worker->link);
    worker->type->nworkers--;

    worker->type = type;

    ngx_queue_insert_tail(&type->workers, &worker->link);
    type->nworkers++;

    ngx_aime_shm_worker_online_locked(worker, online);
}


void
ngx_aime_shm_worker_delete_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker)
{
    ngx_aime_shm_worker_undescribe(zone, worker);

    ngx_aime_shm_mark_locked(&zone->sh->arena, worker, NGX_AIME_SHM_DRAFT);
    ngx_aime_shm_worker_online_locked(worker, 0);

    if (worker->deadlined) {
        ngx_aime_shm_deadline_remove_locked(zone, &worker->deadline);
    }

    ngx_queue_remove(&worker->link);
    worker->type->nworkers--;

    ngx_rbtree_delete(&zone->sh->workers, &worker->node);
    zone->sh->nworkers--;

    ngx_aime_shm_free_locked(&zone->sh->arena, worker);
}


ngx_int_t
ngx_aime_shm_worker_describe_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker, ngx_str_t *fields)
{
    u_char      *p, *block;
    size_t       len;
    ngx_uint_t   i;

    len = 0;

    for (i = 0; i < NGX_AIME_WORKER_NFIELDS; i++) {
        if (fields[i].len > NGX_AIME_WORKER_FIELD_LEN) {
            fields[i].len = 0;
        }

        len += fields[i].len;
    }

    if (ngx_aime_shm_worker_described(worker, fields)) {
        return NGX_OK;
    }

    block = NULL;

    if (len) {
        block = ngx_aime_shm_alloc_locked(&zone->sh->arena, len);
        if (block == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_aime_shm_worker_undescribe(zone, worker);

    p = block;

    for (i = 0; i < NGX_AIME_WORKER_NFIELDS; i++) {
        worker->field_len[i] = fields[i].len;

        if (fields[i].len) {
            p = ngx_cpymem(p, fields[i].data, fields[i].len);
        }
    }

    worker->fields = block;

    if (block) {
        ngx_aime_shm_mark_locked(&zone->sh->arena, block,
                                 NGX_AIME_SHM_FIELDS);
    }

    return NGX_OK;
}


/* With each poll it says the same again. */

static ngx_uint_t
ngx_aime_shm_worker_described(ngx_aime_shm_worker_t *worker,
    ngx_str_t *fields)
{
    u_char      *p;
    ngx_uint_t   i;

    p = worker->fields;

    for (i = 0; p && i < NGX_AIME_WORKER_NFIELDS; i++) {

        if (worker->field_len[i] != fields[i].len
            || (fields[i].len
                && ngx_memcmp(p, fields[i].data, fields[i].len) != 0))
        {
            return 0;
        }

        p += fields[i].len;
    }

    return p != NULL;
}


/* Without the fields their lengths count for nothing. */

static void
ngx_aime_shm_worker_undescribe(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker)
{
    if (worker->fields) {
        ngx_aime_shm_free_locked(&zone->sh->arena, worker->fields);
        worker->fields = NULL;
    }
}


void
ngx_aime_shm_worker_field_locked(ngx_aime_shm_worker_t *worker,
    ngx_uint_t field, ngx_str_t *value)
{
    ngx_uint_t  i;

    value->data = worker->fields;
    value->len = worker->field_len[field];

    for (i = 0; i < field; i++) {
        value->data += worker->field_len[i];
    }
}


void
ngx_aime_shm_worker_online_locked(ngx_aime_shm_worker_t *worker,
    ngx_uint_t online)
{
    if (worker->online == online) {
        return;
    }

    worker->online = online;

    if (online) {
        worker->type->nonline++;

    } else {
        worker->type->nonline--;
    }
}


/* The leftmost of those with that name. */

static ngx_rbtree_node_t *
ngx_aime_shm_worker_first(ngx_aime_zone_t *zone, ngx_str_t *name,
    ngx_uint_t hash)
{
    ngx_int_t           rc;
    ngx_rbtree_t       *tree;
    ngx_rbtree_node_t  *node, *found;

    tree = &zone->sh->workers;
    node = tree->root;
    found = NULL;

    while (node != tree->sentinel) {
        rc = ngx_aime_shm_worker_compare(name, hash, node);

        if (rc == 0) {
            found = node;
        }

        node = (rc <= 0) ? node->left : node->right;
    }

    return found;
}


static ngx_aime_shm_worker_t *
ngx_aime_shm_worker_next(ngx_aime_zone_t *zone, ngx_aime_shm_worker_t *worker)
{
    ngx_str_t           name;
    ngx_rbtree_node_t  *node;

    node = ngx_rbtree_next(&zone->sh->workers, &worker->node);
    if (node == NULL) {
        return NULL;
    }

    name.len = worker->name_len;
    name.data = worker->name;

    if (ngx_aime_shm_worker_compare(&name, worker->node.key, node) != 0) {
        return NULL;
    }

    return (ngx_aime_shm_worker_t *) node;
}


static ngx_int_t
ngx_aime_shm_worker_compare(ngx_str_t *name, ngx_uint_t hash,
    ngx_rbtree_node_t *node)
{
    ngx_aime_shm_worker_t  *worker;

    if (hash != node->key) {
        return (hash < node->key) ? -1 : 1;
    }

    worker = (ngx_aime_shm_worker_t *) node;

    return ngx_memn2cmp(name->data, worker->name, name->len,
                        worker->name_len);
}


static void
ngx_aime_shm_worker_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_str_t               name;
    ngx_rbtree_node_t     **p;
    ngx_aime_shm_worker_t  *worker;

    worker = (ngx_aime_shm_worker_t *) node;

    name.len = worker->name_len;
    name.data = worker->name;

    for ( ;; ) {
        p = (ngx_aime_shm_worker_compare(&name, node->key, temp) < 0)
            ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}

