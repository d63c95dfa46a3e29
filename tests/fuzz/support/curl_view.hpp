// How libcurl, which is what connects in the end, understands a URL.
#pragma once

#include <string>

#include "net/curl.hpp"

namespace authjwks::fuzz {

/// One part of a URL, as libcurl decodes it; empty where it has none, or takes the text for no URL.
inline std::string part_by_curl(const std::string& url, CURLUPart part) {
    const net::UrlHandle handle(net::curl().url());
    char* text = nullptr;
    if (net::curl().url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        net::curl().url_get(handle.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return {};
    return net::Text(text).get();
}

}  // namespace authjwks::fuzz
