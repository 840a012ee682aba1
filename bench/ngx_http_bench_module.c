/*
 * What plain nginx does not have and a fair comparison needs, for measurements
 * only:
 *
 *   bench_exchange;  reads the request's body into memory and answers 200 with
 *                    as many bytes from memory as the query string says
 *   bench_hold;      reads it and never answers
 *
 * client_body_buffer_size has to be as large as the bodies.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_BENCH_MAX  (64 * 1024 * 1024)


static ngx_int_t ngx_http_bench_exchange_handler(ngx_http_request_t *r);
static void ngx_http_bench_exchange(ngx_http_request_t *r);
static ngx_int_t ngx_http_bench_hold_handler(ngx_http_request_t *r);
static void ngx_http_bench_hold(ngx_http_request_t *r);
static char *ngx_http_bench_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static u_char  *ngx_http_bench_bytes;


static ngx_command_t  ngx_http_bench_commands[] = {

    { ngx_string("bench_exchange"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_bench_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_bench_exchange_handler },

    { ngx_string("bench_hold"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_bench_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_bench_hold_handler },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_bench_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_bench_module = {
    NGX_MODULE_V1,
    &ngx_http_bench_module_ctx,            /* module context */
    ngx_http_bench_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* What nginx's configure would generate for a dynamic module */

ngx_module_t  *ngx_modules[] = {
    &ngx_http_bench_module,
    NULL
};

char  *ngx_module_names[] = {
    "ngx_http_bench_module",
    NULL
};

char  *ngx_module_order[] = {
    NULL
};


static char *
ngx_http_bench_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;

    if (ngx_http_bench_bytes == NULL) {
        ngx_http_bench_bytes = ngx_alloc(NGX_HTTP_BENCH_MAX, cf->log);

        if (ngx_http_bench_bytes == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memset(ngx_http_bench_bytes, 'x', NGX_HTTP_BENCH_MAX);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_bench_exchange_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_bench_exchange);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_bench_exchange(ngx_http_request_t *r)
{
    ngx_int_t     rc, size;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    size = r->args.len ? ngx_atoi(r->args.data, r->args.len) : 0;

    if (size == NGX_ERROR || size > NGX_HTTP_BENCH_MAX) {
        ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST);
        return;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = size;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    b = ngx_calloc_buf(r->pool);

    if (b == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    b->pos = ngx_http_bench_bytes;
    b->last = b->pos + size;
    b->memory = size ? 1 : 0;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));
}


static ngx_int_t
ngx_http_bench_hold_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_http_bench_hold);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* The reference of the body read keeps the request until its client leaves */

static void
ngx_http_bench_hold(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
}
