// What a URL to fetch keys from must be, cut by hand (RFC 3986 §3).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace authjwks::fuzz {

/// The part between "://" and the path, query or fragment; empty where there is none.
inline std::string_view authority_of(std::string_view url) {
    const auto mark = url.find("://");
    if (mark == std::string_view::npos) return {};
    const auto rest = url.substr(mark + 3);
    return rest.substr(0, rest.find_first_of("/?#\\"));
}

inline bool has_scheme(std::string_view url, std::string_view scheme) {
    const auto is_same = [](char left, char right) { return (left | 32) == right; };
    return url.size() > scheme.size() && std::ranges::equal(url.substr(0, scheme.size()), scheme, is_same) &&
           url.substr(scheme.size()).starts_with("://");
}

/// Whether keys may be fetched from here: https, or http where that is allowed; a host, and no user information;
/// printable, without a fragment.
inline bool may_be_fetched(std::string_view url, bool allow_http) {
    const auto authority = authority_of(url);
    const auto port = authority.rfind(':');
    const bool ends_in_port = port != std::string_view::npos && authority.back() != ']';
    const auto is_printable = [](char letter) { return letter > ' ' && letter <= '~'; };
    return (has_scheme(url, "https") || (allow_http && has_scheme(url, "http"))) && url.size() <= 2048 &&
           std::ranges::all_of(url, is_printable) && url.find('#') == std::string_view::npos && !authority.empty() &&
           authority.front() != ':' && authority.find('@') == std::string_view::npos &&
           (!ends_in_port || authority.find_first_not_of("0123456789", port + 1) == std::string_view::npos);
}

}  // namespace authjwks::fuzz
