
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The content handler: begins an exchange, runs it, and sends what it
 * answered or asks a renderer.
 */


#include "ngx_http_iiif.h"


static ngx_int_t ngx_http_iiif_begin(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx, ngx_http_iiif_loc_conf_t *ilcf);
static ngx_int_t ngx_http_iiif_uri(ngx_http_request_t *r, iiif_str *uri);
static ngx_int_t ngx_http_iiif_base(ngx_http_request_t *r,
    ngx_http_iiif_loc_conf_t *ilcf, iiif_http_request *request);
static iiif_str ngx_http_iiif_header_in(void *context, const char *name);
static void ngx_http_iiif_cleanup(void *data);
static void ngx_http_iiif_clear_conditions(ngx_http_request_t *r);
static ngx_int_t ngx_http_iiif_send(ngx_http_request_t *r,
    ngx_http_iiif_ctx_t *ctx);


ngx_int_t
ngx_http_iiif_handler(ngx_http_request_t *r)
{
    iiif_str                   source;
    ngx_int_t                  rc;
    ngx_str_t                  value;
    iiif_outcome               outcome;
    ngx_http_iiif_ctx_t       *ctx;
    ngx_http_iiif_loc_conf_t  *ilcf;
    ngx_http_iiif_main_conf_t *imcf;

    ctx = ngx_http_iiif_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);

    source.data = NULL;
    source.len = 0;

    if (ilcf->source) {

        if (ngx_http_complex_value(r, ilcf->source, &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        source = ngx_http_iiif_str(&value);

        if (source.data == NULL) {
            /* computed, but empty */
            source.data = "";
        }
    }

    outcome = iiif_exchange_run(ctx->exchange, source);

    imcf = ngx_http_get_module_main_conf(r, ngx_http_iiif_module);

    if (!imcf->unused.timer_set) {
        ngx_add_timer(&imcf->unused, IIIF_CLOSE_UNUSED_EVERY);
    }

    if (outcome == IIIF_DECLINED) {
        return NGX_DECLINED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_iiif_clear_conditions(r);

    if (outcome == IIIF_NEEDS_RENDER) {
        return ngx_http_iiif_render(r, ctx);
    }

    return ngx_http_iiif_send(r, ctx);
}


ngx_int_t
ngx_http_iiif_preflight_handler(ngx_http_request_t *r)
{
    ngx_http_iiif_ctx_t       *ctx;
    ngx_http_iiif_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);

    if (ilcf->service == NULL || r != r->main
        || r->method != NGX_HTTP_OPTIONS)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_iiif_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!iiif_exchange_is_preflight(ctx->exchange)) {
        return NGX_DECLINED;
    }

    ngx_http_finalize_request(r, ngx_http_iiif_handler(r));

    return NGX_DONE;
}


ngx_http_iiif_ctx_t *
ngx_http_iiif_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_iiif_ctx_t       *ctx;
    ngx_http_iiif_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_iiif_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_iiif_module);

    if (ctx && ctx->service == ilcf->service
        && ctx->uri.data == r->uri.data && ctx->uri.len == r->uri.len)
    {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_iiif_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;

    ngx_memzero(ctx, sizeof(ngx_http_iiif_ctx_t));

    if (ngx_http_iiif_begin(r, ctx, ilcf) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_http_iiif_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_iiif_module);

    return ctx;
}


static ngx_int_t
ngx_http_iiif_begin(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx,
    ngx_http_iiif_loc_conf_t *ilcf)
{
    iiif_http_request           request;
    ngx_http_iiif_main_conf_t  *imcf;

    imcf = ngx_http_get_module_main_conf(r, ngx_http_iiif_module);

    ngx_memzero(&request, sizeof(iiif_http_request));

    request.size = sizeof(iiif_http_request);
    request.method = ngx_http_iiif_str(&r->method_name);
    request.header = ngx_http_iiif_header_in;
    request.header_context = r;

    if (ngx_http_iiif_uri(r, &request.raw_uri) != NGX_OK
        || ngx_http_iiif_base(r, ilcf, &request) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->exchange = iiif_exchange_begin(imcf->worker, ilcf->service, &request);
    if (ctx->exchange == NULL) {
        return NGX_ERROR;
    }

    ctx->service = ilcf->service;
    ctx->uri = r->uri;

    return NGX_OK;
}


/*
 * r->uri is decoded, and its slashes are merged: an identifier with %2F
 * survives in the unparsed URI only.  That one is the main request's and
 * the client's: after a rewrite or in a subrequest r->uri is all there is.
 */

static ngx_int_t
ngx_http_iiif_uri(ngx_http_request_t *r, iiif_str *uri)
{
    u_char     *p;
    ngx_str_t   escaped;
    uintptr_t   escape;

    if (r->valid_unparsed_uri) {
        *uri = ngx_http_iiif_str(&r->unparsed_uri);
        return NGX_OK;
    }

    escape = 2 * ngx_escape_uri(NULL, r->uri.data, r->uri.len, NGX_ESCAPE_URI);

    escaped.len = r->uri.len + escape
                  + (r->args.len ? sizeof("?") - 1 + r->args.len : 0);

    escaped.data = ngx_pnalloc(r->pool, escaped.len);
    if (escaped.data == NULL) {
        return NGX_ERROR;
    }

    if (escape) {
        p = (u_char *) ngx_escape_uri(escaped.data, r->uri.data, r->uri.len,
                                      NGX_ESCAPE_URI);

    } else {
        p = ngx_cpymem(escaped.data, r->uri.data, r->uri.len);
    }

    if (r->args.len) {
        *p++ = '?';
        ngx_memcpy(p, r->args.data, r->args.len);
    }

    *uri = ngx_http_iiif_str(&escaped);

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_base(ngx_http_request_t *r, ngx_http_iiif_loc_conf_t *ilcf,
    iiif_http_request *request)
{
    ngx_str_t  scheme, host, base;
    u_char     addr[NGX_SOCKADDR_STRLEN];

    if (ilcf->base_uri) {

        if (ngx_http_complex_value(r, ilcf->base_uri, &base) != NGX_OK) {
            return NGX_ERROR;
        }

        /* an empty one is none: maps leave it so for hosts they do not know */

        if (base.len) {
            request->base = ngx_http_iiif_str(&base);
            request->base_is_configured = 1;

            return NGX_OK;
        }
    }

    ngx_str_set(&scheme, "http");

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https");
    }
#endif

    if (r->headers_in.host) {

        /* with the port, unlike r->headers_in.server */

        host = r->headers_in.host->value;

    } else if (r->headers_in.server.len) {
        host = r->headers_in.server;

    } else {

        /* HTTP/1.0, and what nginx's own redirects say then */

        host.len = NGX_SOCKADDR_STRLEN;
        host.data = addr;

        if (ngx_connection_local_sockaddr(r->connection, &host, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    base.len = scheme.len + sizeof("://") - 1 + host.len;
    base.data = ngx_pnalloc(r->pool, base.len);
    if (base.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(base.data, "%V://%V", &scheme, &host);

    request->base = ngx_http_iiif_str(&base);

    return NGX_OK;
}


/* A header given more than once is one list: RFC 9110, 5.3. */

static iiif_str
ngx_http_iiif_header_in(void *context, const char *name)
{
    ngx_http_request_t *r = context;

    u_char           *p;
    size_t            name_len;
    iiif_str          value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    value.data = NULL;
    value.len = 0;

    name_len = ngx_strlen(name);

    if (r != r->main
        && ngx_strncasecmp((u_char *) (uintptr_t) name, (u_char *) "If-", 3)
           == 0)
    {
        /* conditions are about the main request's answer */

        return value;
    }

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != name_len
            || ngx_strncasecmp(h[i].key.data, (u_char *) (uintptr_t) name,
                               name_len)
               != 0)
        {
            continue;
        }

        if (value.data == NULL) {
            value = ngx_http_iiif_str(&h[i].value);
            continue;
        }

        p = ngx_pnalloc(r->pool, value.len + 2 + h[i].value.len);
        if (p == NULL) {
            break;
        }

        ngx_sprintf(p, "%*s, %V", value.len, value.data, &h[i].value);

        value.data = (char *) p;
        value.len += 2 + h[i].value.len;
    }

    return value;
}


static void
ngx_http_iiif_cleanup(void *data)
{
    ngx_http_iiif_ctx_t *ctx = data;

    iiif_exchange_end(ctx->exchange);
}


/*
 * Conditions were the core's to decide, and it did, for every server alike.
 * nginx's filters would look at them again when the reply is cacheable.
 */

static void
ngx_http_iiif_clear_conditions(ngx_http_request_t *r)
{
    r->headers_in.if_modified_since = NULL;
    r->headers_in.if_unmodified_since = NULL;
    r->headers_in.if_match = NULL;
    r->headers_in.if_none_match = NULL;
    r->headers_in.range = NULL;
    r->headers_in.if_range = NULL;
}


static ngx_int_t
ngx_http_iiif_send(ngx_http_request_t *r, ngx_http_iiif_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_chain_t  *out;

    if (ngx_http_iiif_set_headers(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_http_iiif_body(r, ctx, &out) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_output_filter(r, out);
}
