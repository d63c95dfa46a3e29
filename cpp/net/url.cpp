#include "net/url.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "net/curl.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;

net::Text part(const net::UrlHandle& url, CURLUPart which, unsigned int flags = 0) {
    char* text = nullptr;
    if (net::curl().url_get(url.get(), which, &text, flags) != CURLUE_OK) return nullptr;
    return net::Text(text);
}

/// Whether the text is short enough, printable, without a fragment, and has exactly two slashes before its host.
bool is_plain(std::string_view text) {
    const auto slashes = text.find('/');
    return slashes != std::string_view::npos && text.substr(slashes).starts_with("//") &&
           !text.substr(slashes).starts_with("///") && text.size() <= kMaxUrlBytes &&
           std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter < '\x7F' && letter != '#'; });
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text, bool allow_http) {
    if (!is_plain(text)) return std::nullopt;
    std::string copy(text);
    const net::UrlHandle url(net::curl().url());
    if (!url || net::curl().url_set(url.get(), CURLUPART_URL, copy.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return std::nullopt;
    const auto scheme = part(url, CURLUPART_SCHEME), host = part(url, CURLUPART_HOST);
    const auto port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!scheme || !host || *host == '\0' || !port) return std::nullopt;
    const bool secure = std::string_view(scheme.get()) == "https";
    if (!secure && !(allow_http && std::string_view(scheme.get()) == "http")) return std::nullopt;
    std::string origin = std::string(scheme.get()) + "://" + host.get() + ":" + port.get();
    std::ranges::transform(origin, origin.begin(), to_lower);
    return Url(std::move(copy), std::move(origin), secure);
}

}  // namespace authjwks
