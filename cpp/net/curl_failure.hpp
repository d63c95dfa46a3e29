// What went wrong in an exchange that libcurl ended without a response.
#pragma once

#include <string_view>

#include "net/curl.hpp"
#include "net/fetch.hpp"

namespace authjwks::net {

/// @param handle  of the exchange that ended with `code`. @param words  libcurl's own description of it
/// (CURLOPT_ERRORBUFFER), in which alerts of TLS are looked for; it may hold text of the server, so it is no part of
/// the result. @param has_proxy whether all connections go to a proxy that is configured.
FetchFailure failure_of(CURL* handle, CURLcode code, std::string_view words, bool has_proxy);

}  // namespace authjwks::net
