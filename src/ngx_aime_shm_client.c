
/* How many jobs a client has, see ngx_aime_shm_client.h. */


#include "ngx_aime_shm_client.h"
#include "ngx_aime_shm_index.h"


static ngx_aime_shm_client_t *ngx_aime_shm_client_find(
    ngx_aime_shm_queue_t *queue, const u_char *owner);
static ngx_aime_shm_client_t *ngx_aime_shm_client_create(
    ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue, const u_char *owner);


ngx_uint_t
ngx_aime_shm_client_njobs_locked(ngx_aime_shm_queue_t *queue,
    const u_char *owner)
{
    ngx_aime_shm_client_t  *client;

    client = ngx_aime_shm_client_find(queue, owner);

    return client ? client->njobs : 0;
}


static ngx_aime_shm_client_t *
ngx_aime_shm_client_find(ngx_aime_shm_queue_t *queue, const u_char *owner)
{
    return (ngx_aime_shm_client_t *)
               ngx_aime_shm_id_lookup(&queue->clients, owner,
                                      offsetof(ngx_aime_shm_client_t, id));
}


ngx_int_t
ngx_aime_shm_client_add_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_client_t  *client;

    client = ngx_aime_shm_client_find(job->queue, job->owner);

    if (client == NULL) {
        client = ngx_aime_shm_client_create(zone, job->queue, job->owner);
    }

    if (client == NULL) {
        return NGX_ERROR;
    }

    client->njobs++;
    job->client = client;

    return NGX_OK;
}


static ngx_aime_shm_client_t *
ngx_aime_shm_client_create(ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue,
    const u_char *owner)
{
    ngx_aime_shm_client_t  *client;

    client = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                        sizeof(ngx_aime_shm_client_t));
    if (client == NULL) {
        return NULL;
    }

    client->queue = queue;
    client->node.key = ngx_aime_shm_id_key(owner);
    ngx_memcpy(client->id, owner, NGX_AIME_ID_LEN);
    ngx_rbtree_insert(&queue->clients, &client->node);

    ngx_aime_shm_mark_locked(&zone->sh->arena, client, NGX_AIME_SHM_CLIENT);

    return client;
}


void
ngx_aime_shm_client_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_client_t  *client;

    client = job->client;
    job->client = NULL;

    if (client == NULL || --client->njobs) {
        return;
    }

    ngx_rbtree_delete(&client->queue->clients, &client->node);
    ngx_aime_shm_free_locked(&zone->sh->arena, client);
}


void
ngx_aime_shm_client_reset_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_client_t  *client;

    client = NULL;

    while ((client = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_CLIENT, client)))
    {
        client->njobs = 0;
    }
}


void
ngx_aime_shm_client_again_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job)
{
    if (ngx_aime_shm_kind_locked(&zone->sh->arena, job->client)
        != NGX_AIME_SHM_CLIENT)
    {
        job->client = NULL;
        return;
    }

    job->client->njobs++;
}


void
ngx_aime_shm_client_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_arena_t   *arena;
    ngx_aime_shm_client_t  *client;

    arena = &zone->sh->arena;
    client = NULL;

    while ((client = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_CLIENT,
                                              client)))
    {
        if (client->njobs) {
            ngx_rbtree_insert(&client->queue->clients, &client->node);

        } else {
            ngx_aime_shm_free_locked(arena, client);
        }
    }
}
