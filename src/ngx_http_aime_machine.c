
/* What may be told of a GPU worker, see ngx_http_aime_machine.h. */


#include "ngx_http_aime_machine.h"


typedef struct {
    const char                  *name;
    ngx_uint_t                   field;
    const char                  *absent;
} ngx_http_aime_machine_field_t;


static void ngx_http_aime_machine_fields(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker, ngx_http_aime_machine_field_t *field);


static const char  *ngx_http_aime_machine_states[] = {
    "waiting",
    "processing",
    "offline",
    "disabled"
};


static ngx_http_aime_machine_field_t  ngx_http_aime_machine_gpu[] = {
    { ",\"gpu_name\":", NGX_AIME_WORKER_GPU_NAME, "null" },
    { ",\"num_gpus\":", NGX_AIME_WORKER_NUM_GPUS, "null" },
    { ",\"framework\":", NGX_AIME_WORKER_FRAMEWORK, "null" },
    { ",\"framework_version\":", NGX_AIME_WORKER_FRAMEWORK_VERSION, "null" },
    { ",\"pytorch_version\":", NGX_AIME_WORKER_PYTORCH_VERSION, "null" },
    { NULL, 0, NULL }
};

/* what is not known of a model has a word of its own in the protocol */

static ngx_http_aime_machine_field_t  ngx_http_aime_machine_model[] = {
    { "\"label\":", NGX_AIME_WORKER_MODEL_LABEL, "\"Unknown\"" },
    { ",\"quantization\":", NGX_AIME_WORKER_MODEL_QUANTIZATION,
      "\"Unknown\"" },
    { ",\"size\":", NGX_AIME_WORKER_MODEL_SIZE, "\"Unknown\"" },
    { ",\"family\":", NGX_AIME_WORKER_MODEL_FAMILY, "\"Unknown\"" },
    { ",\"type\":", NGX_AIME_WORKER_MODEL_TYPE, "\"Unknown\"" },
    { ",\"repo_name\":", NGX_AIME_WORKER_MODEL_REPO_NAME, "\"Unknown\"" },
    { NULL, 0, NULL }
};


void
ngx_http_aime_machine(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker)
{
    ngx_http_aime_reply_chars(reply, "\"name\":");
    ngx_http_aime_reply_string(reply, &worker->name);
    ngx_http_aime_reply_chars(reply, ",\"state\":\"");
    ngx_http_aime_reply_chars(reply,
                              ngx_http_aime_machine_states[worker->state]);
    ngx_http_aime_reply_chars(reply, "\",\"max_batch_size\":");
    ngx_http_aime_reply_integer(reply, worker->max_batch);
    ngx_http_aime_reply_chars(reply, ",\"free_slots\":");
    ngx_http_aime_reply_integer(reply, worker->free_slots);
    ngx_http_aime_machine_fields(reply, worker, ngx_http_aime_machine_gpu);
    ngx_http_aime_reply_chars(reply, ",\"model\":{");
    ngx_http_aime_machine_fields(reply, worker, ngx_http_aime_machine_model);
    ngx_http_aime_reply_chars(reply, "}");
}


void
ngx_http_aime_machine_more(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker)
{
    ngx_http_aime_machine(reply, worker);

    ngx_http_aime_reply_chars(reply, ",\"draining\":");
    ngx_http_aime_reply_chars(reply, worker->draining ? "true" : "false");
    ngx_http_aime_reply_chars(reply, ",\"jobs_running\":");
    ngx_http_aime_reply_integer(reply, worker->nrunning);
    ngx_http_aime_reply_chars(reply, ",\"jobs_finished\":");
    ngx_http_aime_reply_integer(reply, worker->ndone);
    ngx_http_aime_reply_chars(reply, ",\"jobs_failed\":");
    ngx_http_aime_reply_integer(reply, worker->nfailed);
    ngx_http_aime_reply_chars(reply, ",\"jobs_lapsed\":");
    ngx_http_aime_reply_integer(reply, worker->nlost);
    ngx_http_aime_reply_chars(reply, ",\"mean_compute_duration\":");
    ngx_http_aime_reply_seconds(reply, worker->mean_compute);
    ngx_http_aime_reply_chars(reply, ",\"last_seen_time\":");
    ngx_http_aime_reply_seconds(reply, worker->seen);
    ngx_http_aime_reply_chars(reply, ",\"last_error\":");

    if (worker->error.len == 0) {
        ngx_http_aime_reply_chars(reply, "null,\"last_error_time\":null");
        return;
    }

    ngx_http_aime_reply_string(reply, &worker->error);
    ngx_http_aime_reply_chars(reply, ",\"last_error_time\":");
    ngx_http_aime_reply_integer(reply, worker->error_time);
}


static void
ngx_http_aime_machine_fields(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker, ngx_http_aime_machine_field_t *field)
{
    ngx_str_t  *value;

    for ( /* void */ ; field->name; field++) {
        ngx_http_aime_reply_chars(reply, field->name);

        value = &worker->fields[field->field];

        if (value->len) {
            ngx_http_aime_reply_text(reply, value);

        } else {
            ngx_http_aime_reply_chars(reply, field->absent);
        }
    }
}
