#include "keys/issuer_hint.hpp"

#include <cstddef>

#include "base/ascii.hpp"
#include "net/url.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxExcerpt = 200;

std::string_view without_scheme(std::string_view url) {
    const auto end = url.find("://");
    return end == std::string_view::npos ? url : url.substr(end + 3);
}

std::string_view host_of(std::string_view url) {
    const auto rest = without_scheme(url);
    return rest.substr(0, rest.find('/'));
}

std::string quoted(const std::string& text) { return std::string("\"").append(text).append("\""); }

std::string escaped(char letter) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(letter);
    return {'\\', 'x', digits[byte >> 4U], digits[byte & 0xFU]};
}

}  // namespace

std::string excerpt(std::string_view text) {
    std::string shown;
    for (const char letter : text) {
        const bool is_plain = letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
        const std::string next = is_plain ? std::string(1, letter) : escaped(letter);
        if (shown.size() + next.size() > kMaxExcerpt) return quoted(shown).append("...");
        shown += next;
    }
    return quoted(shown);
}

std::string_view issuer_hint(std::string_view configured, std::string_view found) {
    if (found.find("{tenantid}") != std::string_view::npos)
        return "This is the metadata of all tenants: set issuer to that of your tenant, or to a template with {tenant} in its "
               "place.";
    if (without_slash(configured) == without_slash(found))
        return found.ends_with('/') ? "Set issuer to that text, with a slash at its end."
                                    : "Set issuer to that text, without a slash at its end.";
    if (same_ignoring_case(configured, found)) return "Set issuer to that text: capitals and small letters count.";
    if (without_scheme(configured) == without_scheme(found))
        return "Set issuer to that text, with that scheme; if it should be https, correct the issuer, which may have to be told "
               "about the proxy before it.";
    if (same_ignoring_case(host_of(configured), host_of(found)))
        return "The path differs: check the realm or tenant in issuer.";
    return {};
}

}  // namespace authjwks
