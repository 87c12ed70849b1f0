/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_iiif - an IIIF Image API server for Apache httpd.
 *
 *   LoadModule iiif_module modules/mod_iiif.so
 *   <Location "/iiif">
 *       IIIF     On
 *       IIIFRoot "/srv/images"
 *   </Location>
 *
 * Everything that IIIF or HTTP says about an answer is decided in the core behind
 * iiif/iiif.h; this module knows httpd.
 */
#include "mod_iiif.h"

#include "http_log.h"
#include "http_request.h"

static void register_hooks(apr_pool_t *p)
{
    /* Redirect, Alias, RewriteRule and ProxyPass go before an endpoint, as they do before
     * any handler of a <Location>.
     */
    static const char *const mappers[] = { "mod_alias.c", "mod_userdir.c", "mod_vhost_alias.c",
                                           NULL };

    ap_hook_check_config(mod_iiif_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mod_iiif_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mod_iiif_child_init, NULL, NULL, APR_HOOK_MIDDLE);

#if AP_MODULE_MAGIC_AT_LEAST(20120211, 118)
    ap_hook_pre_translate_name(mod_iiif_pre_translate_name, NULL, NULL,
                               APR_HOOK_MIDDLE);
#endif
    ap_hook_translate_name(mod_iiif_translate_name, mappers, NULL, APR_HOOK_MIDDLE);
    /* Before TRACE is answered there: the methods of an endpoint are the core's. */
    ap_hook_map_to_storage(mod_iiif_map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_post_perdir_config(mod_iiif_post_perdir_config, NULL, NULL,
                               APR_HOOK_MIDDLE);
    /* Before mod_mime and mod_negotiation read something into "id.fr.tif/.../default.jpg". */
    ap_hook_type_checker(mod_iiif_type_checker, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* After the last phase that may refuse the request. */
    ap_hook_fixups(mod_iiif_fixups, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(mod_iiif_handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(iiif) = {
    STANDARD20_MODULE_STUFF,
    mod_iiif_create_dir_conf,
    mod_iiif_merge_dir_conf,
    mod_iiif_create_server_conf,
    NULL,                       /* servers are put together in check_config */
    mod_iiif_directives,
    register_hooks
};
