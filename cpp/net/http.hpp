// One HTTP exchange over libcurl, bounded in time and size, never redirected or repeated.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/fetch.hpp"

namespace authjwks {

struct HttpOptions {
    std::chrono::milliseconds connect_timeout{3000};
    bool allow_http = false;
    std::optional<std::string> ca_file, ca_path;  ///< PEM file, hashed folder; nothing: the system's own store
    /// PEM files for mutual TLS; the key may be in the first, and is not encrypted. For requests with send_credentials.
    std::optional<std::string> client_cert, client_key;
    std::optional<std::string> proxy;     ///< URL; nothing: from the environment as libcurl reads it; "": none
    std::vector<std::string> connect_to;  ///< libcurl's HOST:PORT:CONNECT-TO-HOST:CONNECT-TO-PORT
    std::vector<std::pair<std::string, std::string>> headers;  ///< for requests with send_credentials
    std::string user_agent;
    std::function<bool()> is_stopping;  ///< polled at least once a second; true ends the exchange
};

/// A Fetch over libcurl. HTTPS certificates are always verified.
Fetch make_http_fetch(HttpOptions options);

/// libcurl's version at run time and its TLS library's, as in "8.14.1, OpenSSL/3.5.4". @throws std::invalid_argument as
/// net::curl() does.
std::string http_library_version();

}  // namespace authjwks
