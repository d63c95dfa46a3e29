// One GET over libcurl, bounded in time and size, never redirected.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keys/fetch.hpp"

namespace authjwks {

struct HttpOptions {
    std::chrono::milliseconds connect_timeout{3000};
    bool allow_http = false;
    std::optional<std::string> ca_file;  ///< PEM; nothing: the system's own store
    std::vector<std::pair<std::string, std::string>> headers;
    std::string user_agent;
};

/// A Fetch over libcurl. HTTPS certificates are always verified; proxies come from the environment as libcurl reads it.
Fetch make_http_fetch(HttpOptions options);

/// libcurl's version at run time.
const char* http_library_version();

}  // namespace authjwks
