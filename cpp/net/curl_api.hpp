// libcurl's functions, loaded when the first source with a URL is made: its thirty dependencies should cost nothing
// where no URL is used.
#pragma once

#include <curl/curl.h>

// clang-format off
#define AUTHJWKS_CURL_FUNCTIONS(each) \
    each(easy_cleanup) each(easy_getinfo) each(easy_init) each(easy_setopt) each(easy_strerror) each(free) \
    each(getdate) each(global_init) \
    each(multi_add_handle) each(multi_cleanup) each(multi_info_read) each(multi_init) each(multi_perform) \
    each(multi_poll) each(multi_remove_handle) each(slist_append) each(slist_free_all) each(url) each(url_cleanup) \
    each(url_get) each(url_set) each(version_info)
// clang-format on

namespace authjwks::net {

struct CurlApi {
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member has none
#define AUTHJWKS_CURL_MEMBER(name) decltype(&curl_##name) name = nullptr;
    AUTHJWKS_CURL_FUNCTIONS(AUTHJWKS_CURL_MEMBER)
#undef AUTHJWKS_CURL_MEMBER
};

/// The functions in the shared library `file`, which stays loaded. @throws std::invalid_argument when it is missing, no
/// libcurl, or older than 7.85.
CurlApi load_curl(const char* file);

/// The functions of the system's libcurl, ready for use; of the one that is linked where AUTHJWKS_LINK_CURL is defined.
/// @throws std::invalid_argument as load_curl() does.
const CurlApi& curl();

}  // namespace authjwks::net
