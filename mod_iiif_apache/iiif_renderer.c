/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Having an image rendered: one SCGI request on a unix socket, one reply, head and body.
 *
 * A renderer serves one request at a time, and there are few of them: the body is taken off its
 * socket before any of it is sent, into memory or, if it is long, into a temporary file. A slow
 * client keeps a thread of httpd busy, but no renderer, and a renderer that dies within its reply
 * is still answered properly. While it works the client is watched: when that has gone, closing
 * the socket cancels the job.
 */
#include "mod_iiif.h"

#include "http_connection.h"
#include "http_log.h"

#include "apr_portable.h"
#include "apr_strings.h"

#include <poll.h>

APLOG_USE_MODULE(iiif);

#define PIECE     (64 * 1024)
/* The memory that one request takes: enough for a Manifest of a thousand images, which a file on
 * its way costs as much time as all the rest. What is longer goes into one.
 */
#define IN_MEMORY (2048 * 1024)

typedef struct {
    request_rec *r;
    apr_socket_t *socket;
    apr_os_sock_t fd;
    apr_os_sock_t client_fd;       /* -1: cannot be watched */
    apr_interval_time_t timeout;
    apr_time_t deadline;           /* of the step under way */
} conversation;

typedef struct {
    apr_bucket_brigade *bb;        /* what is in memory, */
    apr_size_t held;               /* in bytes */
    apr_file_t *file;              /* what came before it; NULL: nothing */
    apr_off_t spilled;             /* in bytes */
    apr_int64_t left;              /* to be read, at least; 0: it is whole */
} reply_body;

static void extend_deadline(conversation *to)
{
    to->deadline = apr_time_now() + to->timeout;
}

/* A connection that mod_http2 has made up has no socket of its own. */
static apr_os_sock_t client_socket_of(conn_rec *c)
{
    apr_socket_t *socket = c->master ? NULL : ap_get_conn_socket(c);
    apr_os_sock_t fd;

    return socket && apr_os_sock_get(&fd, socket) == APR_SUCCESS ? fd : -1;
}

/*
 * Waits until the renderer's socket is ready. APR_TIMEUP after the deadline, APR_ECONNABORTED when
 * the client has gone. poll(2), for apr_poll() knows nothing of POLLRDHUP.
 */
static apr_status_t wait_for(conversation *with, short events)
{
    struct pollfd fds[2] = { { .fd = with->fd, .events = events },
                             { .fd = with->client_fd, .events = POLLRDHUP } };

    for (;;) {
        const apr_interval_time_t left = with->deadline - apr_time_now();
        const int ready = left > 0 ? poll(fds, 2, (int)apr_time_as_msec(left) + 1) : 0;

        if (ready == 0) {
            return APR_TIMEUP;
        }
        if (ready < 0) {
            if (errno != EINTR) {
                return apr_get_os_error();
            }
        }
        else if (fds[0].revents) {
            return APR_SUCCESS;
        }
        else if (fds[1].revents) {
            return APR_ECONNABORTED;
        }
    }
}

static apr_status_t connect_to(conversation *with, const char *path)
{
    request_rec *r = with->r;
    apr_sockaddr_t *address;
    apr_status_t rv;

    if ((rv = apr_sockaddr_info_get(&address, path, APR_UNIX, 0, 0, r->pool)) != APR_SUCCESS
        || (rv = apr_socket_create(&with->socket, APR_UNIX, SOCK_STREAM, 0, r->pool)) != APR_SUCCESS
        || (rv = apr_socket_timeout_set(with->socket, 0)) != APR_SUCCESS
        || (rv = apr_socket_connect(with->socket, address)) != APR_SUCCESS) {
        return rv;
    }
    return apr_os_sock_get(&with->fd, with->socket);
}

static apr_status_t send_request(conversation *with, const iiif_str *request)
{
    apr_size_t sent = 0;

    while (sent < request->len) {
        apr_size_t len = request->len - sent;
        apr_status_t rv = apr_socket_send(with->socket, request->data + sent, &len);

        sent += len;
        if (rv != APR_SUCCESS
            && (!APR_STATUS_IS_EAGAIN(rv) || (rv = wait_for(with, POLLOUT)) != APR_SUCCESS)) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

/* Reads what there is, at least one byte; APR_EOF at the end. */
static apr_status_t read_some(conversation *with, char *buffer, apr_size_t *len)
{
    const apr_size_t size = *len;
    apr_status_t rv;

    for (;;) {
        *len = size;
        rv = apr_socket_recv(with->socket, buffer, len);
        if (*len) {
            return APR_SUCCESS;
        }
        if (!APR_STATUS_IS_EAGAIN(rv)) {
            return rv == APR_SUCCESS ? APR_EOF : rv;
        }
        if ((rv = wait_for(with, POLLIN)) != APR_SUCCESS) {
            return rv;
        }
    }
}

/* Takes out of the bucket, the last one, what is not the body's. APR_EGENERAL: not a renderer's. */
static apr_status_t take_body(iiif_exchange *exchange, reply_body *body, apr_bucket *e)
{
    iiif_reply_step step;
    const char *data;
    apr_size_t len;
    apr_status_t rv;

    for (;;) {
        if ((rv = apr_bucket_read(e, &data, &len, APR_BLOCK_READ)) != APR_SUCCESS) {
            return rv;
        }
        if (iiif_exchange_reply_body(exchange, data, len, &step) != IIIF_OK) {
            return APR_EGENERAL;
        }
        body->left = step.left;
        body->held += step.take;
        if (step.skip) {
            apr_bucket *framing = e;

            if (step.skip < len) {
                apr_bucket_split(e, step.skip);
                e = APR_BUCKET_NEXT(e);
            }
            apr_bucket_delete(framing);
        }
        if (step.skip + step.take == len) {
            return APR_SUCCESS;
        }
        if (step.take) {
            apr_bucket_split(e, step.take);
            e = APR_BUCKET_NEXT(e);
        }
    }
}

/* Leaves what follows the head in body->bb. APR_EGENERAL: not the reply of a renderer. */
static apr_status_t read_head(conversation *with, iiif_exchange *exchange, reply_body *body)
{
    apr_bucket_alloc_t *alloc = body->bb->bucket_alloc;
    char *buffer = apr_bucket_alloc(PIECE, alloc);
    apr_size_t have = 0;
    size_t head_len = 0;
    iiif_status status = IIIF_AGAIN;
    apr_status_t rv = APR_SUCCESS;

    while (status == IIIF_AGAIN && have < PIECE) {
        apr_size_t len = PIECE - have;

        if ((rv = read_some(with, buffer + have, &len)) != APR_SUCCESS) {
            break;
        }
        have += len;
        status = iiif_exchange_reply_head(exchange, buffer, have, &head_len);
    }
    if (rv == APR_SUCCESS && status != IIIF_OK) {
        rv = APR_EGENERAL;
    }
    if (rv == APR_SUCCESS && have > head_len) {
        apr_bucket *e = apr_bucket_heap_create(buffer, have, apr_bucket_free, alloc);

        APR_BRIGADE_INSERT_TAIL(body->bb, e);
        apr_bucket_split(e, head_len);
        apr_bucket_delete(e);
        return take_body(exchange, body, APR_BRIGADE_LAST(body->bb));
    }
    apr_bucket_free(buffer);
    if (rv == APR_SUCCESS) {
        iiif_reply_step step;

        iiif_exchange_reply_body(exchange, NULL, 0, &step);
        body->left = step.left;
    }
    return rv;
}

/* Moves what is in memory to a file that has no name any more. */
static apr_status_t spill(conversation *with, reply_body *body)
{
    apr_pool_t *pool = with->r->pool;
    const char *folder;
    apr_status_t rv;

    if (!body->file) {
        char *name;

        if ((rv = apr_temp_dir_get(&folder, pool)) != APR_SUCCESS) {
            return rv;
        }
        name = apr_pstrcat(pool, folder, "/mod_iiif.XXXXXX", NULL);
        rv = apr_file_mktemp(&body->file, name, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ
                             | APR_FOPEN_WRITE | APR_FOPEN_BINARY, pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        apr_file_remove(name, pool);
    }
    while (!APR_BRIGADE_EMPTY(body->bb)) {
        apr_bucket *e = APR_BRIGADE_FIRST(body->bb);
        const char *data;
        apr_size_t len;

        if ((rv = apr_bucket_read(e, &data, &len, APR_BLOCK_READ)) != APR_SUCCESS
            || (rv = apr_file_write_full(body->file, data, len, NULL)) != APR_SUCCESS) {
            return rv;
        }
        body->spilled += len;
        body->held -= len;
        apr_bucket_delete(e);
    }
    return APR_SUCCESS;
}

/* Reads PIECE bytes, or what is certain to come; APR_EOF when the renderer has closed before. */
static apr_status_t read_piece(conversation *with, iiif_exchange *exchange, reply_body *body)
{
    apr_bucket_alloc_t *alloc = body->bb->bucket_alloc;
    const apr_size_t size = body->left < PIECE ? (apr_size_t)body->left : PIECE;
    char *buffer = apr_bucket_alloc(size, alloc);
    apr_size_t have = 0;
    apr_status_t rv = APR_SUCCESS;

    while (have < size && rv == APR_SUCCESS) {
        apr_size_t len = size - have;

        extend_deadline(with);
        if ((rv = read_some(with, buffer + have, &len)) == APR_SUCCESS) {
            have += len;
        }
    }
    if (rv != APR_SUCCESS) {
        apr_bucket_free(buffer);
        return rv;
    }
    APR_BRIGADE_INSERT_TAIL(body->bb,
                            apr_bucket_heap_create(buffer, size, apr_bucket_free, alloc));
    return take_body(exchange, body, APR_BRIGADE_LAST(body->bb));
}

/* Leaves all of the body in body->bb. */
static apr_status_t read_body(conversation *with, iiif_exchange *exchange, reply_body *body)
{
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && body->left) {
        rv = read_piece(with, exchange, body);
        if (rv == APR_SUCCESS && (body->file || body->held > IN_MEMORY)) {
            rv = spill(with, body);
        }
    }
    if (rv == APR_SUCCESS && body->file) {
        mod_iiif_append_file(with->r, body->bb, body->file, 0, body->spilled);
    }
    return rv;
}

static int fail(conversation *with, iiif_exchange *exchange, iiif_failure failure)
{
    iiif_exchange_fail(exchange, failure);
    return mod_iiif_send_answer(with->r, exchange);
}

static int converse(conversation *with, iiif_exchange *exchange, const iiif_render_request *render)
{
    request_rec *r = with->r;
    reply_body body = { .bb = apr_brigade_create(r->pool, r->connection->bucket_alloc) };
    apr_status_t rv;

    extend_deadline(with);
    if ((rv = connect_to(with, render->socket_path.data)) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, rv, r, "no renderer is free: %s",
                      render->socket_path.data);
        return fail(with, exchange, IIIF_FAILURE_BUSY);
    }

    /* A renderer that does not want a request may reply, or close, before it has read it all. */
    rv = send_request(with, &render->request);
    if (rv == APR_SUCCESS || APR_STATUS_IS_EPIPE(rv) || APR_STATUS_IS_ECONNRESET(rv)) {
        rv = read_head(with, exchange, &body);
    }
    if (rv == APR_SUCCESS && !r->header_only) {
        rv = read_body(with, exchange, &body);
    }
    apr_socket_close(with->socket);
    if (rv == APR_SUCCESS) {
        if (r->header_only) {
            apr_brigade_cleanup(body.bb);
        }
        mod_iiif_send_head(r, exchange);
        return mod_iiif_send_body(r, body.bb);
    }

    apr_brigade_cleanup(body.bb);
    if (APR_STATUS_IS_ECONNABORTED(rv)) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "the client has gone, rendering is cancelled");
        r->connection->aborted = 1;
        return OK;
    }
    if (APR_STATUS_IS_TIMEUP(rv)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the renderer took too long");
        return fail(with, exchange, IIIF_FAILURE_TIMEOUT);
    }
    if (rv == APR_EGENERAL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the renderer's reply makes no sense: is "
                      "iiif-renderd of the same version as mod_iiif?");
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r, "the renderer's reply could not be read to "
                      "its end");
    }
    return fail(with, exchange, IIIF_FAILURE_DIED);
}

int mod_iiif_render(request_rec *r, iiif_exchange *exchange)
{
    conversation with = { .r = r, .client_fd = client_socket_of(r->connection) };
    iiif_render_request render;

    iiif_exchange_render(exchange, &render);
    with.timeout = apr_time_from_msec(render.timeout);
    return converse(&with, exchange, &render);
}
