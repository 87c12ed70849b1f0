/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to an endpoint, phase by phase.
 *
 *   pre_translate_name   identifiers with %2F
 *   translate_name       the request is ours, and there is no file to find
 *   post_perdir_config   the exchange begins, so that access control, limits and logs know
 *                        what is asked for
 *   handler              the exchange runs
 */
#include "mod_iiif.h"

#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"

#include "apr_portable.h"
#include "apr_strings.h"

#include <errno.h>
#include <unistd.h>

APLOG_USE_MODULE(iiif);

#define RANGE_IN_MEMORY (128 * 1024)
#define READ_SIZE       (64 * 1024)

/* Whether r->uri, as it is now, lies in the <Location> of an endpoint. */
static int leads_to_endpoint(request_rec *r)
{
    ap_conf_vector_t *per_dir_config = r->per_dir_config;
    int does;

    /* A walk merges into what is there, which may come from another URI. */
    r->per_dir_config = r->server->lookup_defaults;
    does = ap_location_walk(r) == OK && mod_iiif_endpoint_of(r);
    r->per_dir_config = per_dir_config;
    return does;
}

#if AP_MODULE_MAGIC_AT_LEAST(20120211, 118)
/*
 * httpd answers 404 to every %2F in a path, unless AllowEncodedSlashes says otherwise for the
 * whole virtual host. Identifiers are full of them, so paths below our locations are decoded
 * here. Slashes are decoded too and the path is normalised afterwards, for what access control
 * has to judge is the path the identifier stands for: <Location "/iiif/3/private"> must hold for
 * /iiif/3/private%2Fmap.tif as it does for /iiif/3/private/map.tif. The exchange itself reads
 * the URI as the client sent it.
 */
int mod_iiif_pre_translate_name(request_rec *r)
{
    char *sent = r->uri;
    char *path = r->parsed_uri.path;

    if (r->proxyreq || !path || !mod_iiif_conf_of(r->server)->enabled
        || !ap_strcasestr(path, "%2f")) {
        return DECLINED;
    }
    path = apr_pstrdup(r->pool, path);
    if (ap_unescape_url_ex(path, AP_UNESCAPE_URL_KEEP_UNRESERVED) != OK
        || !ap_normalize_path(path, AP_NORMALIZE_NOT_ABOVE_ROOT | AP_NORMALIZE_MERGE_SLASHES)) {
        return DECLINED;
    }

    r->uri = path;
    if (!leads_to_endpoint(r)) {
        r->uri = sent;
        return DECLINED;
    }
    r->parsed_uri.path = path;
    return DONE;
}
#endif

/* RewriteRule ... [PT] has changed the path. */
static int is_rewritten(const request_rec *r)
{
    return r->parsed_uri.path && strcmp(r->uri, r->parsed_uri.path);
}

int mod_iiif_translate_name(request_rec *r)
{
    if (r->proxyreq || !mod_iiif_conf_of(r->server)->enabled) {
        return DECLINED;
    }
    if (is_rewritten(r) ? !leads_to_endpoint(r) : !mod_iiif_endpoint_of(r)) {
        return DECLINED;
    }

    ap_set_module_config(r->request_config, &iiif_module,
                         apr_pcalloc(r->pool, sizeof(mod_iiif_request)));
    /* Not NULL for those who take r->filename for granted, and the name of no file. */
    r->filename = apr_pstrcat(r->pool, "iiif:", r->uri, NULL);
    return OK;
}

int mod_iiif_map_to_storage(request_rec *r)
{
    return mod_iiif_request_of(r) ? OK : DECLINED;
}

/* -- the exchange -- */

static apr_status_t end_exchange(void *exchange)
{
    iiif_exchange_end(exchange);
    return APR_SUCCESS;
}

static iiif_str str_of(const char *s)
{
    const iiif_str str = { s, s ? strlen(s) : 0 };

    return str;
}

static iiif_str look_up_header(void *context, const char *name)
{
    const request_rec *r = context;
    const char *value = apr_table_get(r->headers_in, name);

    apr_table_setn(mod_iiif_request_of(r)->asked, name, value ? value : "");
    return str_of(value);
}

/* The path and query as the client sent them; after RewriteRule ... [PT] as if it had. */
static const char *raw_uri_of(const request_rec *r)
{
    if (is_rewritten(r)) {
        return apr_pstrcat(r->pool, ap_os_escape_path(r->pool, r->uri, 1), r->args ? "?" : NULL,
                           r->args, NULL);
    }
    return r->unparsed_uri;
}

/* Evaluates a value; 0 when its expression failed. */
static int evaluate(request_rec *r, const mod_iiif_value *value, const char *directive,
                    const char **result)
{
    const char *error = NULL;

    *result = value->expr ? ap_expr_str_exec(r, value->expr, &error) : value->text;
    if (error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "%s \"%s\": %s", directive, value->text, error);
        return 0;
    }
    return 1;
}

/* Scheme, host and port as the client sees them. ap_construct_url() adds the port of ServerName to
 * a Host that has none, which behind a proxy or a forwarded port is not where the client came in.
 */
static const char *base_of(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *host = apr_table_get(r->headers_in, "Host");

    if (host && *host && core->use_canonical_name != USE_CANONICAL_NAME_ON
        && core->use_canonical_name != USE_CANONICAL_NAME_DNS) {
        return apr_pstrcat(r->pool, ap_http_scheme(r), "://", host, NULL);
    }
    return ap_construct_url(r->pool, "", r);
}

static int begin_exchange(request_rec *r, mod_iiif_request *own)
{
    iiif_worker *worker = mod_iiif_conf_of(r->server)->process->worker;
    iiif_http_request request = { .size = sizeof(request) };
    const char *base = NULL;

    if (own->exchange) {
        apr_pool_cleanup_run(r->pool, own->exchange, end_exchange);
        own->exchange = NULL;
    }
    own->asked = apr_table_make(r->pool, 4);

    /* A constant base URI is known to the core already. */
    if (own->endpoint->base_uri.expr
        && !evaluate(r, &own->endpoint->base_uri, "IIIFBaseURI", &base)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    request.method = str_of(r->method);
    request.raw_uri = str_of(raw_uri_of(r));
    request.base_is_configured = base && *base;
    request.base = str_of(request.base_is_configured ? base : base_of(r));
    request.header = look_up_header;
    request.header_context = r;

    own->exchange = worker ? iiif_exchange_begin(worker, own->endpoint->service, &request) : NULL;
    if (!own->exchange) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "cannot begin an IIIF exchange: %s",
                      worker ? "no memory" : "this process could not be set up when it began");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(r->pool, own->exchange, end_exchange, apr_pool_cleanup_null);
    return OK;
}

/* Answers that httpd makes itself, such as 401 and 403, need CORS too. In err_headers_out they
 * survive an ErrorDocument.
 */
static void promise_common_headers(request_rec *r)
{
    const iiif_header *headers;
    const size_t count = iiif_common_headers(&headers);

    for (size_t i = 0; i < count; i++) {
        apr_table_setn(r->err_headers_out,
                       apr_pstrmemdup(r->pool, headers[i].name.data, headers[i].name.len),
                       apr_pstrmemdup(r->pool, headers[i].value.data, headers[i].value.len));
    }
}

static void withdraw_common_headers(request_rec *r)
{
    const iiif_header *headers;
    const size_t count = iiif_common_headers(&headers);

    for (size_t i = 0; i < count; i++) {
        apr_table_unset(r->err_headers_out,
                        apr_pstrmemdup(r->pool, headers[i].name.data, headers[i].name.len));
    }
}

int mod_iiif_post_perdir_config(request_rec *r)
{
    mod_iiif_request *own = mod_iiif_request_of(r);
    int status;

    if (!own || !(own->endpoint = mod_iiif_endpoint_of(r))) {
        return DECLINED;
    }
    promise_common_headers(r);
    if (!r->main) {
        /* Images are not offered in ranges; mod_cache must not cut them up either. */
        apr_table_unset(r->headers_in, "Range");
        apr_table_unset(r->headers_in, "If-Range");
    }

    if ((status = begin_exchange(r, own)) != OK) {
        return status;
    }
    mod_iiif_note_fields(r, own->exchange);
    if (!r->main && iiif_exchange_is_preflight(own->exchange)) {
        const iiif_str none = { NULL, 0 };

        /* The answer brings the common headers along. */
        withdraw_common_headers(r);
        if (iiif_exchange_run(own->exchange, none) == IIIF_ANSWERED) {
            mod_iiif_note_fields(r, own->exchange);
            return mod_iiif_send_answer(r, own->exchange) == OK ? DONE : HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

int mod_iiif_type_checker(request_rec *r)
{
    const mod_iiif_request *own = mod_iiif_request_of(r);

    return own && own->exchange ? OK : DECLINED;
}

/* Past this point only the handler answers. Its answers carry the common headers in headers_out,
 * and so do those that mod_cache has kept: err_headers_out would double them.
 */
int mod_iiif_fixups(request_rec *r)
{
    const mod_iiif_request *own = mod_iiif_request_of(r);

    if (!own || !own->exchange) {
        return DECLINED;
    }
    withdraw_common_headers(r);
    r->handler = MOD_IIIF_HANDLER;
    return OK;
}

/* -- the handler -- */

/* mod_cache changes the conditions of a request when it revalidates what it has kept. */
static int is_unchanged(void *context, const char *name, const char *value)
{
    const request_rec *r = context;
    const char *now = apr_table_get(r->headers_in, name);

    return !strcmp(now ? now : "", value);
}

static int answer(request_rec *r, mod_iiif_request *own)
{
    const char *source;
    iiif_outcome outcome;
    int status;

    /* The methods, and what is said to the others, are the core's: it answers HEAD and OPTIONS,
     * and 405.
     */
    if ((status = ap_discard_request_body(r)) != OK) {
        return status;
    }
    if (!apr_table_do(is_unchanged, r, own->asked, NULL)
        && (status = begin_exchange(r, own)) != OK) {
        return status;
    }
    if (!evaluate(r, &own->endpoint->source, "IIIFSource", &source)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }

    outcome = iiif_exchange_run(own->exchange, str_of(source));
    mod_iiif_close_unused(mod_iiif_conf_of(r->server)->process);
    switch (outcome) {
    case IIIF_NEEDS_RENDER:
        return mod_iiif_render(r, own->exchange);
    case IIIF_ANSWERED:
        return mod_iiif_send_answer(r, own->exchange);
    case IIIF_DECLINED:
        break;
    }
    return DECLINED;
}

int mod_iiif_handler(request_rec *r)
{
    mod_iiif_request *own = mod_iiif_request_of(r);
    int status;

    if (!own || !own->exchange || strcmp(r->handler, MOD_IIIF_HANDLER)) {
        return DECLINED;
    }
    status = answer(r, own);
    if (own->exchange) {
        mod_iiif_note_fields(r, own->exchange);
    }
    if (status == DECLINED || ap_is_HTTP_ERROR(status)) {
        promise_common_headers(r);
    }
    return status;
}

/* -- the answer -- */

void mod_iiif_send_head(request_rec *r, const iiif_exchange *exchange)
{
    const iiif_header *headers;
    const size_t count = iiif_exchange_headers(exchange, &headers);
    const int64_t length = iiif_exchange_content_length(exchange);
    const int status = iiif_exchange_status(exchange);

    /* As an ErrorDocument an image keeps the status of the error. */
    if (status != HTTP_OK) {
        r->status = status;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = apr_pstrmemdup(r->pool, headers[i].name.data, headers[i].name.len);
        const char *value = apr_pstrmemdup(r->pool, headers[i].value.data, headers[i].value.len);

        if (!ap_cstr_casecmp(name, "Content-Type")) {
            ap_set_content_type(r, value);
        }
        else if (!ap_cstr_casecmp(name, "Vary")) {
            /* Require expr and others have added the headers that they read. */
            apr_table_mergen(r->headers_out, name, value);
        }
        else if (ap_cstr_casecmp(name, "Content-Length")) {
            apr_table_addn(r->headers_out, name, value);
        }
    }
    if (length >= 0) {
        ap_set_content_length(r, length);
    }
}

void mod_iiif_append_file(request_rec *r, apr_bucket_brigade *bb, apr_file_t *file,
                          apr_off_t offset, apr_off_t len)
{
    apr_bucket *e = apr_brigade_insert_file(bb, file, offset, len, r->pool);
    const apr_size_t configured = ap_get_read_buf_size(r);

#if APR_HAS_MMAP
    /* Whatever EnableMMAP says: images are replaced and cut while they are read, and a page that
     * is no longer in the file ends this process, with the answers of all its other threads.
     */
    apr_bucket_file_enable_mmap(e, 0);
#endif
    /* Where sendfile is off, as it is by default, it is read in pieces of this size; by itself of
     * 8000 bytes.
     */
    apr_bucket_file_set_buf_size(e, configured > READ_SIZE ? configured : READ_SIZE);
}

/* A stored tile is small: read at once, it leaves with the headers in one write. Without
 * EnableSendfile, which is off by default, a file bucket would be read in pieces.
 */
static int append_range(apr_bucket_brigade *bb, const iiif_segment *segment)
{
    const apr_size_t len = (apr_size_t)segment->len;
    apr_size_t got = 0;
    char *bytes = apr_bucket_alloc(len, bb->bucket_alloc);

    while (got < len) {
        const ssize_t n = pread(segment->fd, bytes + got, len - got, segment->offset + (off_t)got);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            apr_bucket_free(bytes);
            return 0;
        }
        got += (apr_size_t)n;
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_heap_create(bytes, len, apr_bucket_free,
                                                       bb->bucket_alloc));
    return 1;
}

static void append_segment(request_rec *r, apr_bucket_brigade *bb, const iiif_segment *segment)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    apr_os_file_t fd = segment->fd;
    apr_int32_t flags = APR_FOPEN_READ | APR_FOPEN_BINARY;
    apr_file_t *file = NULL;

    if (segment->memory.data) {
        /* It lives as long as the exchange, which is as long as r->pool: until the end of
         * the request has left the output filters.
         */
        apr_bucket *e = apr_bucket_immortal_create(segment->memory.data, segment->memory.len,
                                                   bb->bucket_alloc);

        APR_BRIGADE_INSERT_TAIL(bb, e);
        return;
    }

    if (segment->len <= RANGE_IN_MEMORY && append_range(bb, segment)) {
        return;
    }
#if APR_HAS_SENDFILE
    flags |= AP_SENDFILE_ENABLED(core->enable_sendfile);
#endif
    /* One apr_file_t per bucket, for a filter that sets the bucket aside takes it; without a
     * cleanup, for the descriptor stays the exchange's.
     */
    apr_os_file_put(&file, &fd, flags, r->pool);
    mod_iiif_append_file(r, bb, file, segment->offset, segment->len);
}

int mod_iiif_send_body(request_rec *r, apr_bucket_brigade *bb)
{
    apr_status_t rv;

    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
    rv = ap_pass_brigade(r->output_filters, bb);
    apr_brigade_cleanup(bb);
    if (rv == APR_SUCCESS || r->status != HTTP_OK || r->connection->aborted) {
        return OK;
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, rv, r, "cannot send the answer");
    return AP_FILTER_ERROR;
}

int mod_iiif_send_answer(request_rec *r, const iiif_exchange *exchange)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    const iiif_segment *segments;
    const size_t count = iiif_exchange_segments(exchange, &segments);

    mod_iiif_send_head(r, exchange);
    for (size_t i = 0; i < count && !r->header_only; i++) {
        append_segment(r, bb, &segments[i]);
    }
    return mod_iiif_send_body(r, bb);
}
