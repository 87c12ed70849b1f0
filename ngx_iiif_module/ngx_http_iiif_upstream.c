
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rendering: one SCGI request on a unix socket, through nginx's upstream
 * machinery and its file cache.
 */


#include "ngx_http_iiif.h"


static ngx_int_t ngx_http_iiif_set_peer(ngx_http_request_t *r,
    ngx_http_upstream_t *u, iiif_str *path);
#if (NGX_HTTP_CACHE)
static ngx_int_t ngx_http_iiif_create_key(ngx_http_request_t *r);
#endif
static ngx_int_t ngx_http_iiif_create_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_reinit_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_process_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_process_headers_in(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx);
static ngx_int_t ngx_http_iiif_input_filter_init(void *data);
static ngx_int_t ngx_http_iiif_input_filter(ngx_event_pipe_t *p,
    ngx_buf_t *buf);
static ngx_buf_t *ngx_http_iiif_add_body_buf(ngx_event_pipe_t *p,
    ngx_buf_t *buf, size_t size);
static ngx_int_t ngx_http_iiif_in_memory_filter(void *data, ssize_t bytes);
static ngx_int_t ngx_http_iiif_reply_step(ngx_http_request_t *r,
    u_char *data, size_t len, iiif_reply_step *step);
static void ngx_http_iiif_abort_request(ngx_http_request_t *r);
static void ngx_http_iiif_finalize_request(ngx_http_request_t *r,
    ngx_int_t rc);


ngx_int_t
ngx_http_iiif_render(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx)
{
    ngx_http_upstream_t        *u;
    iiif_render_request         render;
    ngx_http_upstream_conf_t   *conf;
    ngx_http_iiif_loc_conf_t   *ilcf;
#if (NGX_HTTP_CACHE)
    ngx_http_iiif_main_conf_t  *imcf;
#endif

    iiif_exchange_render(ctx->exchange, &render);

    ctx->rendered = 1;

    if (ngx_http_upstream_create(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    u = r->upstream;

    if (ngx_http_iiif_set_peer(r, u, &render.socket_path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&u->schema, "scgi://");
    u->output.tag = (ngx_buf_tag_t) &ngx_http_iiif_module;

    /*
     * How long the reply may take and whether it may be cached depends
     * on the request.
     */

    conf = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));
    if (conf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);

    *conf = ilcf->upstream;

    conf->connect_timeout = render.timeout;
    conf->send_timeout = render.timeout;
    conf->read_timeout = render.timeout;

#if (NGX_HTTP_CACHE)

    if (render.cache_key.data == NULL) {
        conf->cache = 0;
    }

    imcf = ngx_http_get_module_main_conf(r, ngx_http_iiif_module);

    u->caches = &imcf->caches;
    u->create_key = ngx_http_iiif_create_key;

#endif

    u->conf = conf;

    u->create_request = ngx_http_iiif_create_request;
    u->reinit_request = ngx_http_iiif_reinit_request;
    u->process_header = ngx_http_iiif_process_header;
    u->abort_request = ngx_http_iiif_abort_request;
    u->finalize_request = ngx_http_iiif_finalize_request;

    /* a slow client should not keep a renderer waiting */

    u->buffering = 1;

    u->pipe = ngx_pcalloc(r->pool, sizeof(ngx_event_pipe_t));
    if (u->pipe == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    u->pipe->input_filter = ngx_http_iiif_input_filter;
    u->pipe->input_ctx = r;

    u->input_filter_init = ngx_http_iiif_input_filter_init;
    u->input_filter = ngx_http_iiif_in_memory_filter;
    u->input_filter_ctx = r;

    r->main->count++;

    ngx_http_upstream_init(r);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_iiif_set_peer(ngx_http_request_t *r, ngx_http_upstream_t *u,
    iiif_str *path)
{
    u_char                        *p;
    ngx_str_t                      name;
    struct sockaddr_un            *saun;
    ngx_http_upstream_resolved_t  *resolved;

    if (path->len >= sizeof(saun->sun_path)) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "the renderer socket \"%*s\" has too long a path",
                      path->len, path->data);
        return NGX_ERROR;
    }

    saun = ngx_pcalloc(r->pool, sizeof(struct sockaddr_un));
    if (saun == NULL) {
        return NGX_ERROR;
    }

    saun->sun_family = AF_UNIX;
    ngx_memcpy(saun->sun_path, path->data, path->len);

    /* what the error log calls it */

    name.len = sizeof("unix:") - 1 + path->len;
    name.data = ngx_pnalloc(r->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name.data, "unix:", sizeof("unix:") - 1);
    ngx_memcpy(p, path->data, path->len);

    resolved = ngx_pcalloc(r->pool, sizeof(ngx_http_upstream_resolved_t));
    if (resolved == NULL) {
        return NGX_ERROR;
    }

    resolved->sockaddr = (struct sockaddr *) saun;
    resolved->socklen = sizeof(struct sockaddr_un);
    resolved->naddrs = 1;
    resolved->name = name;
    resolved->host = name;
    resolved->no_port = 1;

    u->resolved = resolved;

    return NGX_OK;
}


#if (NGX_HTTP_CACHE)

static ngx_int_t
ngx_http_iiif_create_key(ngx_http_request_t *r)
{
    ngx_str_t            *key;
    iiif_render_request   render;
    ngx_http_iiif_ctx_t  *ctx;

    key = ngx_array_push(&r->cache->keys);
    if (key == NULL) {
        return NGX_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    iiif_exchange_render(ctx->exchange, &render);

    *key = ngx_http_iiif_ngx_str(render.cache_key);

    return NGX_OK;
}

#endif


static ngx_int_t
ngx_http_iiif_create_request(ngx_http_request_t *r)
{
    ngx_buf_t            *b;
    ngx_chain_t          *cl;
    iiif_render_request   render;
    ngx_http_iiif_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    iiif_exchange_render(ctx->exchange, &render);

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b->pos = ngx_http_iiif_ngx_str(render.request).data;
    b->last = b->pos + render.request.len;
    b->memory = 1;
    b->flush = 1;

    cl->buf = b;
    cl->next = NULL;

    r->upstream->request_bufs = cl;

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_reinit_request(ngx_http_request_t *r)
{
    /* a reply's head is read from its first byte, whosever it was before */

    return NGX_OK;
}


/* Of a renderer's reply and of a cached one. */

static ngx_int_t
ngx_http_iiif_process_header(ngx_http_request_t *r)
{
    size_t                len;
    iiif_status           status;
    ngx_http_upstream_t  *u;
    ngx_http_iiif_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    u = r->upstream;

    status = iiif_exchange_reply_head(ctx->exchange,
                                      (const char *) u->buffer.pos,
                                      u->buffer.last - u->buffer.pos, &len);

    switch (status) {

    case IIIF_OK:
        break;

    case IIIF_AGAIN:
        return NGX_AGAIN;

    case IIIF_INVALID:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the renderer's reply has no valid head");
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;

    default: /* IIIF_FAILED */
        return NGX_ERROR;
    }

    u->buffer.pos += len;

    ctx->replied = 1;

#if (NGX_HTTP_CACHE)

    if (!iiif_exchange_may_be_cached(ctx->exchange)) {
        u->cacheable = 0;
    }

#endif

    return ngx_http_iiif_process_headers_in(r, ctx);
}


static ngx_int_t
ngx_http_iiif_process_headers_in(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx)
{
    size_t                          i, n;
    ngx_table_elt_t                *h;
    const iiif_header              *headers;
    ngx_http_upstream_t            *u;
    ngx_http_upstream_header_t     *hh;
    ngx_http_upstream_main_conf_t  *umcf;

    umcf = ngx_http_get_module_main_conf(r, ngx_http_upstream_module);

    u = r->upstream;

    u->headers_in.status_n = iiif_exchange_status(ctx->exchange);

    if (u->state && u->state->status == 0) {
        u->state->status = u->headers_in.status_n;
    }

    n = iiif_exchange_headers(ctx->exchange, &headers);

    for (i = 0; i < n; i++) {

        h = ngx_list_push(&u->headers_in.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_iiif_copy_header(r, h, &headers[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        hh = ngx_hash_find(&umcf->headers_in_hash, h->hash, h->lowcase_key,
                           h->key.len);

        if (hh && hh->handler(r, h, hh->offset) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    u->headers_in.content_length_n =
                                  iiif_exchange_content_length(ctx->exchange);

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_input_filter_init(void *data)
{
    ngx_http_request_t   *r = data;
    iiif_reply_step       step;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (ngx_http_iiif_reply_step(r, NULL, 0, &step) != NGX_OK) {
        return NGX_ERROR;
    }

    u->pipe->length = step.left;
    u->length = step.left;

    return NGX_OK;
}


/*
 * The body, which lies in one piece or in several in what came off the socket.
 * As long as p->length is not zero, the end of the connection is an error.
 */

static ngx_int_t
ngx_http_iiif_input_filter(ngx_event_pipe_t *p, ngx_buf_t *buf)
{
    ngx_buf_t           *b, **prev;
    iiif_reply_step      step;
    ngx_http_request_t  *r;

    if (buf->pos == buf->last) {
        return NGX_OK;
    }

    r = p->input_ctx;

    b = NULL;
    prev = &buf->shadow;

    while (buf->pos < buf->last) {

        if (ngx_http_iiif_reply_step(r, buf->pos, buf->last - buf->pos, &step)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        p->length = step.left;

        buf->pos += step.skip;

        if (step.take == 0) {
            continue;
        }

        b = ngx_http_iiif_add_body_buf(p, buf, step.take);
        if (b == NULL) {
            return NGX_ERROR;
        }

        *prev = b;
        prev = &b->shadow;

        buf->pos += step.take;
    }

    if (b) {
        b->shadow = buf;
        b->last_shadow = 1;

        return NGX_OK;
    }

    /* nothing of the body is in the buf */

    return ngx_event_pipe_add_free_buf(p, buf);
}


static ngx_buf_t *
ngx_http_iiif_add_body_buf(ngx_event_pipe_t *p, ngx_buf_t *buf, size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_chain_get_free_buf(p->pool, &p->free);
    if (cl == NULL) {
        return NULL;
    }

    b = cl->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = buf->pos;
    b->last = buf->pos + size;
    b->start = buf->start;
    b->end = buf->end;
    b->tag = p->tag;
    b->temporary = 1;
    b->recycled = 1;
    b->num = buf->num;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, p->log, 0,
                   "iiif input buf #%d %uz", b->num, size);

    if (p->in) {
        *p->last_in = cl;

    } else {
        p->in = cl;
    }

    p->last_in = &cl->next;

    return b;
}


/* A subrequest whose answer is wanted in memory, in u->buffer. */

static ngx_int_t
ngx_http_iiif_in_memory_filter(void *data, ssize_t bytes)
{
    ngx_http_request_t  *r = data;

    ngx_int_t             rc;
    iiif_reply_step       step;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    rc = ngx_http_iiif_reply_step(r, u->buffer.last, bytes, &step);

    if (rc != NGX_OK || step.skip || step.take != (size_t) bytes) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the image is too large for a subrequest in memory");
        return NGX_ERROR;
    }

    rc = ngx_http_upstream_non_buffered_filter(data, bytes);

    u->length = step.left;

    return rc;
}


static ngx_int_t
ngx_http_iiif_reply_step(ngx_http_request_t *r, u_char *data, size_t len,
    iiif_reply_step *step)
{
    ngx_http_iiif_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    if (iiif_exchange_reply_body(ctx->exchange, (const char *) data, len, step)
        != IIIF_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the renderer's reply has no valid body");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_iiif_abort_request(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "abort http iiif request");

    return;
}


static void
ngx_http_iiif_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "finalize http iiif request: %i", rc);

    return;
}
